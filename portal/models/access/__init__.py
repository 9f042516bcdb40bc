"""Access to a client's portal: accounts, invitations, and everything that ends them."""
