"""Access to the portal for clients and those who act for them, as staff give it."""
