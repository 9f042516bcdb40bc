"""Conversations between the client's side and the practice, from the first draft to the inbox."""
