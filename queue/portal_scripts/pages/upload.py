"""The image service's dialogue, which every upload of a picture opens."""

from pathlib import Path

from scriptjobs.script import PageChanged, Script

DIALOGUE_MS = 10_000
PREVIEW_MS = 30_000
TRIES = 2

_DIALOGUE = ".uploadcare--dialog"
_CHOOSE = f'{_DIALOGUE} button:has-text("Choose a local file")'
_PREVIEW = f'{_DIALOGUE} .uploadcare--preview__image, {_DIALOGUE} img[src*="ucarecdn.com"]'
_TROUBLE = ':text("Something went wrong during the upload")'
_AGAIN = 'button:has-text("Please try again")'
_ADD = f'{_DIALOGUE} button:has-text("Add"), {_DIALOGUE} button:has-text("Done")'
_CLOSE = f'{_DIALOGUE} [aria-label="Close"], {_DIALOGUE} button:has-text("Cancel")'


async def upload(script: Script, path: Path) -> None:
    """Choose the file, wait for its picture, add it. A failing upload is tried once more.

    Raises:
        PageChanged: the dialogue does not open, or the upload keeps failing; the dialogue is closed then.
    """
    page = script.page
    if not await script.sees(_CHOOSE, DIALOGUE_MS):
        raise PageChanged("The dialogue for uploads did not open.")
    for left in reversed(range(TRIES)):
        async with page.expect_file_chooser() as chooser:
            await page.locator(_CHOOSE).click()
        await (await chooser.value).set_files(path)
        await script.sees(f"{_PREVIEW}, {_TROUBLE}", PREVIEW_MS)
        if await page.locator(_PREVIEW).count():
            await page.locator(_ADD).first.click()
            await page.locator(_DIALOGUE).wait_for(state="hidden", timeout=DIALOGUE_MS)
            return
        if left and await page.locator(_AGAIN).count():
            await script.log(f"The upload of {path.name} failed; trying again.", "warning")
            await page.locator(_AGAIN).first.click()
    if await page.locator(_CLOSE).count():
        await page.locator(_CLOSE).first.click()
    raise PageChanged(f"The portal did not take the upload of {path.name}.")
