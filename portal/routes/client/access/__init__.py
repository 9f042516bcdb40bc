"""Access to the portal, for clients and those who act for them."""
