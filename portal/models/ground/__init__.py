"""What everything stands on: rows and who sees them, facts, and what is to be done later."""
