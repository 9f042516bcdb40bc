"""The sign-in page and the first run, which need no session."""
