"""A stand-in for the admin portal: the same pages, structure, labels, waits and failures. `app` is its ASGI app."""

from sandbox_portal.server import create_app

__all__ = ["create_app"]
