"""The soak: real workers, a real database and everything that can go wrong, for minutes; then every promise is checked."""
