"""Proof of who asks: bearer tokens for the API, sessions and form tokens for the pages."""
