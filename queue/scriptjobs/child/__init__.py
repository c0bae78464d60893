"""The script's own process: no database, no settings, no web; everything it knows came on stdin."""
