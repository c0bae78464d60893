"""Opening hours: days, the usual slots, and nights that end on the next day."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DAYS: tuple[Day, ...] = get_args(Day)


class Slot(NamedTuple):
    """From `open` to `close` (HH:MM) on one day."""

    day: Day
    open: str
    close: str


# What a new restaurant gets unless it says otherwise.
DEFAULT_HOURS = (
    *(Slot(day, "09:00", "21:30") for day in DAYS[:4]),
    *(Slot(day, "09:00", "23:00") for day in DAYS[4:6]),
    Slot("Sunday", "10:30", "20:30"),
)


def split_nights(slots: Sequence[Slot]) -> list[Slot]:
    """The slots with each that closes past midnight split in two, since the portal's rows lie within one day."""
    split: list[Slot] = []
    for slot in slots:
        if slot.close > slot.open:
            split.append(slot)
            continue
        split.append(Slot(slot.day, slot.open, "23:59"))
        if slot.close > "00:00":
            split.append(Slot(DAYS[(DAYS.index(slot.day) + 1) % 7], "00:00", slot.close))
    return split
