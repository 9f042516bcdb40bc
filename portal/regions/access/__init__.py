"""Who may act for a client, who sees what, and why."""
