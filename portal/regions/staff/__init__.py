"""What pages show of colleagues and of the work that waits."""
