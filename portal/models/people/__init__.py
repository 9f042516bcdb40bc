"""Clients and their contacts, and the care teams of the practice."""
