"""Notices, and how each wants to hear of them, for clients and those who act for them."""
