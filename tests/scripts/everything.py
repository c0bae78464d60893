"""What the tests of all scripts share: their names, an example payload of each, and what the portal has configured."""

import json
import re
from pathlib import Path
from typing import Any

from tests.scripts.desk import TYPES, Desk

MENU = "6f2c1c5e-6f0b-4f57-9a38-0d3f1f6f2a11"
NAMES = [kind.name for kind in TYPES]
# These don't open a restaurant that is there.
ACCOUNT_JOBS = {"create-api-key", "register-restaurant"}


def payload(name: str) -> Any:
    given: dict[str, Any] = {**TYPES.get(name).examples[-1]}
    for common in ("email", "password", "restaurantName"):
        given.pop(common)
    return given | ({"restaurantName": "New Place"} if name == "register-restaurant" else {})


def files(tmp_path: Path) -> dict[str, Path]:
    path = tmp_path / "menu-to-import.csv"
    path.write_text("menuName,categoryName,dishName,dishPrice\nMenu,Mains,Dal,12.50\nMenu,Breads,Roti,3\n")
    return {MENU: path}


def configured(desk: Desk) -> Any:
    """Everything that the portal has of the account."""
    account = desk.portal.state()["accounts"]["demo@example.com"]
    return {"keys": account["keys"], "places": account["restaurants"]}


def without_chance(configuration: Any) -> str:
    """The same without ids, keys and secrets, which chance makes."""
    return re.sub(r"(RES_|whsec_|CW_)\w+|/uploads/\w+", "…", json.dumps(configuration, sort_keys=True))


def doubled(desk: Desk) -> list[str]:
    """What stands on the portal more than once by the same name or address."""
    now = configured(desk)
    lists = [now["keys"], now["places"]]
    lists += [
        place[name] for place in now["places"] for name in ("tags", "optionSets", "printers", "webhooks", "payments")
    ]
    taxes = [
        place["settings"].get("System", {}).get("General Settings", {}).get("taxes", []) for place in now["places"]
    ]
    names = [[item.get("name") or item["url"] for item in items] for items in [*lists, *taxes]]
    return [name for each in names for name in set(each) if each.count(name) > 1]
