"""Creates an API key of the portal account with access to all its restaurants, and reads it.

A second run creates nothing: a key of that name counts as `exists`, and is read.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from portal_scripts.pages.developers import Developers
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import names_on_dashboard
from portal_scripts.portal_payload import AccountPayload, Name, twins
from scriptjobs import script as face
from scriptjobs.job_types import JobType
from scriptjobs.script import Script, Secret


class Payload(AccountPayload):
    """The name of the key."""

    key_name: Annotated[Name, StringConstraints(max_length=80)] = Field(
        "Online Ordering Integration", title="Name of the key", alias="keyName",
        validation_alias=twins("keyName", "key_name"), json_schema_extra={"x-advanced": True},
    )  # fmt: skip


class Data(BaseModel):
    """The key."""

    api_key: Secret = Field(serialization_alias="apiKey")
    api_key_name: str = Field(serialization_alias="apiKeyName")
    restaurants_configured: int = Field(serialization_alias="restaurantsConfigured")
    status: Literal["created", "exists"]


class Result(face.Result):
    """The result of the job."""

    data: Data


DEVELOPERS = "Open the developers page"
CREATE = "Create the key"
READ = "Read the key"
STEPS = (SIGN_IN, DEVELOPERS, CREATE, READ)


async def run(script: Script, payload: Payload) -> Result:
    """Create the key, or find it, and read it. Raises the errors of the pages."""
    page = Developers(script)
    name = payload.key_name
    async with signed_in(script, payload):
        async with script.step(DEVELOPERS):
            restaurants = await names_on_dashboard(script)
            await page.open()
        async with script.step(CREATE):
            is_there = await page.has_key(name)
            if is_there:
                await script.log(f"A key “{name}” exists already; nothing is created.")
            else:
                await page.create(name, restaurants)
        async with script.step(READ):
            key = await page.read(name)
    return Result(
        message=f"The key “{name}” {'exists' if is_there else 'was created'}, for {len(restaurants)} restaurants.",
        data=Data.model_validate(
            {
                "api_key": key,
                "api_key_name": name,
                "restaurants_configured": len(restaurants),
                "status": "exists" if is_there else "created",
            }
        ),
    )


JOB_TYPE = JobType(
    name="create-api-key",
    title="Create an API key",
    description="Creates an API key of the portal account with access to all its restaurants.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    expected_ms=45_000,
    examples=({"email": "owner@example.com", "password": "example-password", "restaurantName": "Test Restaurant"},),
)
