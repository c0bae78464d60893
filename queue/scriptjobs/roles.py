"""Roles: what each of them may do. The one place that says so; a role that nobody knows may only look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rights:
    """What a member may do. `priority_limit` is how far from 0 a priority may be; operators set any by command."""

    may_act: bool
    priority_limit: int


ROLES = {
    "admin": Rights(may_act=True, priority_limit=100),
    "staff": Rights(may_act=True, priority_limit=10),
    "viewer": Rights(may_act=False, priority_limit=0),
}


def rights_of(role: str) -> Rights:
    """The rights of a role."""
    return ROLES.get(role, ROLES["viewer"])
