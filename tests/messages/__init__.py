"""Messages between people, through the front door: seen, answered, changed, searched, kept."""
