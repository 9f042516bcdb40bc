"""What is written between a client's side and the practice, and what staff do about it."""
