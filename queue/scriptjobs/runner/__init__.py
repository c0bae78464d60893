"""The parent's side of a script's process."""
