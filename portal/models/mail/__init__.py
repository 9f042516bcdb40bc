"""Letters about unread things, and mail that comes back."""
