"""Job types that do one thing with a browser: wander off, fail on a page full of secrets, look around."""
