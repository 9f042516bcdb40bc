"""Who may act for a client on the portal, for clients and those who act for them."""
