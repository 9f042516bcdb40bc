"""Who may act for a client on the portal: accounts, invitations, and what ends them."""
