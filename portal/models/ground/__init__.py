"""The ground that every record stands on: rows and who sees them, facts, and work that is put off."""
