"""The worker: claims jobs into free slots, runs them, keeps their leases, rescues what others lost."""
