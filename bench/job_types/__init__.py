"""Job types that only measure."""
