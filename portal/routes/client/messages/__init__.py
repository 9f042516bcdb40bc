"""Conversations, for clients and those who act for them."""
