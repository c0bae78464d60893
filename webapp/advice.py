"""What a red job says: plain words for each error code, and what to do next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """`says` in plain words; `do` names the next step of the person who reads it.

    `wants_changes`: the same input would fail again, so the next step is the form, filled with what was sent.
    """

    says: str
    do: str
    wants_changes: bool = False


_AGAIN = "Try it again in a few minutes. What is done already will not be done twice."

_ADVICE = {
    "ETIMEDOUT": Advice("The portal did not answer.", _AGAIN),
    "ECONNRESET": Advice("The portal broke off the connection.", _AGAIN),
    "ECONNREFUSED": Advice("The portal could not be reached.", _AGAIN),
    "TIMEOUT": Advice(
        "The job ran longer than it may.",
        "Look at the last step and its picture. If the portal was just slow, try again: finished work is kept.",
    ),
    "NAVIGATION_TIMEOUT": Advice("A page of the portal took too long to load.", _AGAIN),
    "ELEMENT_NOT_FOUND": Advice(
        "A page of the portal looked different from what the script expects.",
        "Look at the last picture. If the page is just half loaded, try again; if it looks new, tell the developers.",
    ),
    "RATE_LIMITED": Advice("The portal asked us to slow down.", "Wait a minute, then try again."),
    "WORKER_DIED": Advice(
        "Our machine stopped in the middle. Your input was not the cause.",
        "Try it again. If it stops at the same place, tell the developers.",
    ),
    "BROWSER_CRASHED": Advice("The browser crashed, most likely for want of memory.", "Try it again."),
    "AUTH_FAILED": Advice(
        "The portal refused the sign-in.",
        "Check the portal e-mail and password, then start a new job with them.",
        wants_changes=True,
    ),
    "INVALID_CREDENTIALS": Advice(
        "The portal refused the e-mail or the password.",
        "Check them by signing in to the portal yourself, then start a new job with the right ones.",
        wants_changes=True,
    ),
    "VALIDATION_ERROR": Advice(
        "A value was refused.", "Read which one above, correct it, and start a new job.", wants_changes=True
    ),
    "RESTAURANT_NOT_FOUND": Advice(
        "No restaurant of that name is in this portal account.",
        "Compare with the names above, and start a new job with the right one.",
        wants_changes=True,
    ),
    "RESTAURANT_AMBIGUOUS": Advice(
        "The name fits more than one restaurant, or none well enough.",
        "Start a new job with the full name, as the portal's dashboard shows it.",
        wants_changes=True,
    ),
    "PERMISSION_DENIED": Advice(
        "This portal account may not do that.",
        "Use an account with more rights, or ask its owner for them.",
        wants_changes=True,
    ),
    "IMPORT_REJECTED": Advice(
        "The portal refused the file.", "Read its words above, correct the file, start again.", wants_changes=True
    ),
}
_UNKNOWN = Advice(
    "Something happened that we have not seen before.",
    "Look at the last picture and the log. Send the job's number to the developers if they do not tell you more.",
)


def advise(code: str | None) -> Advice:
    """The advice for an error code."""
    return _ADVICE.get(code or "", _UNKNOWN)
