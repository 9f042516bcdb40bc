"""What people write to each other, through the front door: seen, answered, changed, searched, kept."""
