"""Signs in to the portal with Playwright for Node, in a browser of its own."""

from portal_scripts.portal_payload import PortalPayload
from scriptjobs import script as face
from scriptjobs.job_types import JobType
from tests.command_scripts import FOLDER, NODE, PAYLOAD


class Payload(PortalPayload):
    """Who signs in."""


class Result(face.Result):
    """What it saw."""

    data: dict[str, list[str]]


JOB_TYPE = JobType(
    name="add-option-sets", title="Look at the portal", description="Lists the restaurants.", payload=Payload,
    result=Result, steps=("Login to admin portal", "Read the restaurants"),
    command=(NODE, str(FOLDER / "on_the_portal.js"), PAYLOAD), max_retries=0,
)  # fmt: skip
