"""The job type of the soak."""
