"""What the sandbox portal remembers: accounts, restaurants and all that is configured in them."""

import secrets
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sandbox_portal.faults import ONCE

MENU = [
    {
        "name": "Main Menu",
        "categories": [
            {"name": "Featured Items", "items": ["Chicken Tikka", "Garlic Naan"]},
            {"name": "Starters", "items": ["Onion Bhaji", "Samosa", "Chicken Tikka"]},
            {"name": "Mains", "items": ["Lamb Rogan Josh", "Butter Chicken", "Dal Makhani", "Paneer Tikka Masala"]},
            {"name": "Breads", "items": ["Garlic Naan", "Roti"]},
        ],
    }
]
# What a restaurant has several of; a new one begins without any.
LISTS = ("tags", "optionSets", "printers", "webhooks", "payments")
CROWD = [
    f"Base Pizza {place} {number}" for place in ("North", "South", "East", "West", "Central") for number in range(1, 12)
]


def restaurant(name: str, **registered: Any) -> dict[str, Any]:
    """A new restaurant with a menu, and nothing configured."""
    lists: dict[str, Any] = {part: [] for part in LISTS}
    return {
        "id": f"RES_{secrets.token_hex(6)}",
        "name": name,
        "menus": deepcopy(MENU),
        **lists,
        "integrations": {},
        "settings": {},
        "registered": registered,
    }


def account(names: list[str]) -> dict[str, Any]:
    """A portal account with these restaurants."""
    return {"password": "demo-password", "restaurants": [restaurant(name) for name in names], "keys": []}


def _demo() -> dict[str, dict[str, Any]]:
    names = ["Base Pizza", "Base Pizza Riverside", "Pedro's Cantina", "Indian Zaikaa", "Curry Garden"]
    return {"demo@example.com": account(names)}


@dataclass
class Portal:
    """The whole state. `delay` scales every wait: 1 is realistic, 0 none."""

    delay: float = 1.0
    accounts: dict[str, dict[str, Any]] = field(default_factory=_demo)
    faults: set[str] = field(default_factory=set[str])
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    writes: int = 0

    def sign_in(self, email: str, password: str) -> str | None:
        """A session for the account, or None when the two do not fit."""
        found = self.accounts.get(email)
        if found is None or found["password"] != password:
            return None
        session = secrets.token_hex(16)
        self.sessions[session] = email
        return session

    def account_of(self, session: str | None) -> dict[str, Any] | None:
        """The account of a session, or None without one."""
        return self.accounts.get(self.sessions.get(session or "", ""))

    def restaurants(self, session: str | None) -> list[dict[str, Any]] | None:
        """The restaurants of a session, or None without one."""
        found = self.account_of(session)
        return None if found is None else found["restaurants"]

    def find(self, session: str | None, restaurant_id: str) -> dict[str, Any] | None:
        """One restaurant of a session, or None."""
        return next((item for item in self.restaurants(session) or [] if item["id"] == restaurant_id), None)

    def keep_upload(self, name: str, content: bytes) -> str:
        """Store an uploaded file; returns its address."""
        key = secrets.token_hex(8)
        self.uploads[key] = (name, content)
        return f"/uploads/{key}/{name}"

    def misbehave(self, faults: set[str]) -> None:
        """Switch exactly these faults on."""
        self.faults = faults
        if "many_restaurants" in faults:
            for found in self.accounts.values():
                known = {place["name"] for place in found["restaurants"]}
                found["restaurants"] += [restaurant(name) for name in CROWD if name not in known]

    def take_fault(self, name: str) -> bool:
        """Whether a fault is on; one that strikes once is off afterwards."""
        if name not in self.faults:
            return False
        if name in ONCE:
            self.faults.discard(name)
        return True

    def reset(self, accounts: dict[str, list[str]] | None) -> None:
        """Start anew: with the demo account, or with these accounts (e-mail: names of restaurants)."""
        self.accounts = {email: account(names) for email, names in accounts.items()} if accounts else _demo()
        self.faults.clear()
        self.sessions.clear()
        self.uploads.clear()
        self.writes = 0
