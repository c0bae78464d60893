"""The command line `script-jobs`."""
