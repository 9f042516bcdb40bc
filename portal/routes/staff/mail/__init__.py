"""Letters that have not arrived, and the mailbox, for staff."""
