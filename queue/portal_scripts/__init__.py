"""One module for each job type, found by name; `pages/` holds what they share: the portal's pages as objects."""
