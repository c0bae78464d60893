"""What the sandbox portal remembers: accounts, restaurants, menus, tags; and the faults that are switched on."""

import secrets
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

FAULTS = {
    "no_login_form": "the login form never renders",
    "slow": "everything takes ten times as long",
    "save_fails_once": "the next save fails, the one after works",
    "save_fails": "every save fails",
    "save_hangs": "a save never ends",
    "http_500": "every page answers 500",
    "page_crash": "the page crashes when the item tags open, once",
    "no_list_ids": "the dashboard's cards have no ids",
}

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


def restaurant(name: str) -> dict[str, Any]:
    """A new restaurant with a menu and no tags."""
    return {"id": f"RES_{secrets.token_hex(6)}", "name": name, "menus": deepcopy(MENU), "tags": []}


def _demo() -> dict[str, dict[str, Any]]:
    names = ["Base Pizza", "Base Pizza Riverside", "Pedro's Cantina", "Indian Zaikaa", "Curry Garden"]
    return {"demo@example.com": {"password": "demo-password", "restaurants": [restaurant(name) for name in names]}}


@dataclass
class Portal:
    """The whole state. `delay` scales every wait: 1 is realistic, 0 none."""

    delay: float = 1.0
    accounts: dict[str, dict[str, Any]] = field(default_factory=_demo)
    faults: set[str] = field(default_factory=set[str])
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    writes: int = 0

    def sign_in(self, email: str, password: str) -> str | None:
        """A session for the account, or None when the two do not fit."""
        account = self.accounts.get(email)
        if account is None or account["password"] != password:
            return None
        session = secrets.token_hex(16)
        self.sessions[session] = email
        return session

    def restaurants(self, session: str | None) -> list[dict[str, Any]] | None:
        """The restaurants of a session, or None without one."""
        email = self.sessions.get(session or "")
        return self.accounts[email]["restaurants"] if email in self.accounts else None

    def find(self, session: str | None, restaurant_id: str) -> dict[str, Any] | None:
        """One restaurant of a session, or None."""
        return next((item for item in self.restaurants(session) or [] if item["id"] == restaurant_id), None)

    def take_fault(self, name: str) -> bool:
        """Whether a fault is on; one that strikes once is off afterwards."""
        if name not in self.faults:
            return False
        if name.endswith("_once") or name == "page_crash":
            self.faults.discard(name)
        return True

    def reset(self, accounts: dict[str, list[str]] | None) -> None:
        """Start anew: with the demo account, or with these accounts (e-mail: names of restaurants)."""
        self.accounts = (
            {
                email: {"password": "demo-password", "restaurants": [restaurant(name) for name in names]}
                for email, names in accounts.items()
            }
            if accounts
            else _demo()
        )
        self.faults.clear()
        self.sessions.clear()
        self.writes = 0
