"""The staff of the practice, and how people sign in."""
