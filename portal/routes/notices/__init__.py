"""Notices, and how each wants to hear of them, the same on both sides."""
