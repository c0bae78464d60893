"""Real job types and one that looks around, for browsers that run elsewhere."""
