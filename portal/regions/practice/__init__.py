"""What pages show of the practice."""
