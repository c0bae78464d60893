"""Tests, by the level at which a rule breaks."""
