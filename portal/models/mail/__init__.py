"""Letters about what was not read, and mail that comes back."""
