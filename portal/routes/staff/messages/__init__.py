"""Conversations, for staff."""
