"""Charts, contacts and leave."""
