"""Conversations, the same on both sides."""
