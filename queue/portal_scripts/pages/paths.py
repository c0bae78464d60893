"""The paths that the portal's generated class names leave us: which child is which control."""

SCROLL_ROOT = "#scroll-root > div > div > div > div > div > div"
FIELD = "div.group__FormGroupContent-ccjnpO.kpPgpj"
TABS = "div.components__TabSelectOptionsComponent-USxIn.cCRcoK"
SWATCH = "div.colorpicker__SwatchWrapper-kmfhwV.hqNLmj"
PICKER = "div.colorpicker__DropWrapper-hDQMcy.cAaOXs"
BUTTON_GROUP = f"{SCROLL_ROOT}.group__ButtonGroupComponent-dVAWMN.puSOV.bsl-1"
TILES = f"{SCROLL_ROOT}.m-t-8 > div.grid-2.xs.xs-gap.m-t-10 > div"
