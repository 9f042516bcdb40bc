"""The bell, the list of notices, and what comes into sight."""
