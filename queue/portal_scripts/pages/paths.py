"""The paths that the portal's generated class names leave us: which child is which control."""

ROOT = "#scroll-root > div > div > div > div > div > div"
SECTION = "#scroll-root > div > div > div > div > div > div.section__SettingsSectionWrapper-VLcLJ.gVhfCf > div"
OPEN_BLOCK = "div.block__Block-ljvlRq.epsQby > div.block__Content-bopatn.lbcjnQ"
FIELD = "div.group__FormGroupContent-ccjnpO.kpPgpj"
TABS = "div.components__TabSelectOptionsComponent-USxIn.cCRcoK"
SWATCH = "div.colorpicker__SwatchWrapper-kmfhwV.hqNLmj"
PICKER = "div.colorpicker__DropWrapper-hDQMcy.cAaOXs"
HEX_INPUT = f"{PICKER} > div > div:nth-child(2) > div:nth-child(2) > div.flexbox-fix > div > div > input"
SELECT = "div.selectadv__WrapperInner-iDIBDX.WOtfi"
OPTIONS = "div.selectadv__Dropdown-eSUwYi.dtQnDO"
MODAL = "div.content__Content-hOzsB.UWPkM"
CARET = "div.selectadv__InputIcon-dZhktu.PrPXn"
BUTTON_GROUP = f"{ROOT}.group__ButtonGroupComponent-dVAWMN.puSOV.bsl-1"
TILES = f"{ROOT}.m-t-8 > div.grid-2.xs.xs-gap.m-t-10 > div"


def quoted(text: str) -> str:
    """A text inside the double quotes of a selector."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
