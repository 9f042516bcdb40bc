"""Notices, and how each wants to hear of them, for staff."""
