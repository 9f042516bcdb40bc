"""Who may act for a client on the portal, for staff."""
