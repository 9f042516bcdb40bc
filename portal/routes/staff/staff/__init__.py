"""Colleagues, for staff."""
