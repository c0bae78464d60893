"""Sets up the shop's website in the dark theme: colours, font, logo, header, item style, texts, links, code.

A second run sets the same values again; pictures are uploaded anew. A section that cannot be set is left and told.
"""

from portal_scripts.website import STEPS, Payload, Result, Theme, configure_website, example
from scriptjobs.job_types import JobType
from scriptjobs.script import Script

_WHITE = "#FFFFFF"


def _colours(payload: Payload) -> list[str | None]:
    return [payload.primary_color, None, None, None, None, payload.box_text_color or _WHITE]


THEME = Theme(
    name="Dark Theme", position=3, colours=_colours, nav_background=None,
    nav_text=lambda payload: payload.nav_text_color or _WHITE,
)  # fmt: skip


async def run(script: Script, payload: Payload) -> Result:
    """Set the website up. Raises the errors of the pages."""
    return await configure_website(script, payload, THEME)


JOB_TYPE = JobType(
    name="configure-website-dark",
    title="Configure the website, dark",
    description="Sets up the shop's website in the dark theme, with its colours, logo, header, texts, links and code.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    repeatable=True,
    run=run,
    opens_shop=True,
    expected_ms=90_000,
    examples=(example(),),
)
