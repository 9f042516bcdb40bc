"""Settings of the practice, for staff."""
