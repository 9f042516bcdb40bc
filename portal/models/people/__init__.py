"""Clients and their contacts, and who of the practice cares for them."""
