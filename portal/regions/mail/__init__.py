"""Letters, and how far they have come."""
