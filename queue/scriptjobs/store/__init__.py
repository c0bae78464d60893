"""Every statement of the engine: its SQL right above the function that runs it, with its argument on concurrency."""
