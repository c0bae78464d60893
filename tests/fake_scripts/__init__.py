"""Job types for tests: the real add-item-tags, and scripts that count, wait or misbehave."""
