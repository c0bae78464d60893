"""Does with its browser what its payload names."""

from typing import Literal

from pydantic import BaseModel

from scriptjobs import script as face
from scriptjobs.job_types import JobType
from scriptjobs.script import PageChanged, Script, Secret

STEPS = ("Browse", "Look at the keys")


class Payload(BaseModel):
    """What to do; `address` is where to go."""

    way: Literal["goes", "opens", "fails", "looks", "stays", "private"]
    address: str = ""
    password: Secret
    country: str = "NZ"


class Result(face.Result):
    """What was seen."""

    data: dict[str, str]


_LOOK = """() => ({
  agent: navigator.userAgent, language: navigator.language, size: `${innerWidth}x${innerHeight}`,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone, webdriver: String(navigator.webdriver),
})"""
_SECRETS = """(password) => {
  document.title = "Broken page";
  document.body.innerHTML = "<h1>Settings</h1><p id=key>key-0987654321</p><p id=told></p><input type=password><div style='height:3000px'>";
  document.querySelector("#told").textContent = `signed in with ${password}`;
  document.querySelector("input").value = password;
  document.querySelector("input").setAttribute("value", password);
  console.error(`the console says ${password}`);
  setTimeout(() => { throw new Error("thrown on the page"); });
  return fetch(`/api/nothing-here?token=${password}`).then(() => fetch("http://127.0.0.1:1/closed")).catch(() => null);
}"""


async def run(script: Script, payload: Payload) -> Result:
    """Do it."""
    password = payload.password.get_secret_value()
    data: dict[str, str] = {}
    async with script.step(STEPS[0]):
        match payload.way:
            case "goes":
                await script.page.goto(payload.address)
            case "opens":
                await script.open(payload.address)
            case "looks":
                await script.open(f"{script.portal_url}/login")
                data = await script.page.evaluate(_LOOK)
            case "stays":
                await script.open(f"{script.portal_url}/login")
                await script.page.wait_for_timeout(60_000)
            case "private":
                await script.open(f"{script.portal_url}/login")
            case "fails":
                await script.open(f"{script.portal_url}/login")
                await script.hide("key-0987654321")
                await script.page.evaluate(_SECRETS, password)
                await script.page.wait_for_timeout(200)
                raise PageChanged("The page has no button “Save”.")
    if payload.way == "private":
        async with script.step(STEPS[1], in_private=True):
            await script.page.evaluate("document.body.textContent = 'somebody-elses-key'")
            await script.page.evaluate("console.error('a word of the page')")
            raise PageChanged("The list has no such key.")
    return Result(message="seen", data=data)


JOB_TYPE = JobType(
    name="create-api-key", title="Browse", description="Browses.", payload=Payload, result=Result, steps=STEPS, run=run,
    timeout_ms=60_000, max_retries=0,
)  # fmt: skip
