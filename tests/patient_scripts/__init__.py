"""The misbehaving script with time and retries: what ends it has to come from elsewhere."""
