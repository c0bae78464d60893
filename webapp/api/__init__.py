"""The JSON API (spec: docs/api.md)."""
