"""Page objects: the portal's pages through the selectors that work on the live portal."""
