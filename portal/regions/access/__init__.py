"""Access on pages: the people who act for a client, who sees what, and why."""
