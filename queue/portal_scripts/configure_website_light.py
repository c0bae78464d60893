"""Sets up the shop's website in the light theme: colours, font, logo, header, item style, texts, links, code.

A second run sets the same values again; pictures are uploaded anew. A section that cannot be set is left and told.
"""

from portal_scripts.website import STEPS, Payload, Result, Theme, configure_website, example
from scriptjobs.job_types import JobType
from scriptjobs.script import Script

# The firm's colours of the light theme.
_CREAM, _INK = "#FFFBF2", "#323232"


def _text(payload: Payload, wanted: str | None) -> str:
    return wanted or payload.secondary_color or payload.primary_color


def _colours(payload: Payload) -> list[str | None]:
    return [payload.primary_color, _CREAM, _CREAM, _INK, _CREAM, _text(payload, payload.box_text_color)]


THEME = Theme(
    name="Light Theme", position=2, colours=_colours, nav_background=_CREAM,
    nav_text=lambda payload: _text(payload, payload.nav_text_color),
)  # fmt: skip


async def run(script: Script, payload: Payload) -> Result:
    """Set the website up. Raises the errors of the pages."""
    return await configure_website(script, payload, THEME)


JOB_TYPE = JobType(
    name="configure-website-light",
    title="Configure the website, light",
    description="Sets up the shop's website in the light theme, with its colours, logo, header, texts, links and code.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    opens_shop=True,
    expected_ms=90_000,
    examples=(example(secondaryColor="#FFFFFF"),),
)
