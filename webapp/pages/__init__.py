"""The pages for people: get the caller, ask the service, build views, render."""
