"""Conversations, the inbox and templates."""
