"""Charts, contacts and leave, for staff."""
