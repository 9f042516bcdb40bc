"""The inbox of staff: who sees what in it, what is done with a conversation, and what clients never hear of."""
