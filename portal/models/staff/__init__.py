"""Who works at the practice, and how people sign in."""
