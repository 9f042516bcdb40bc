"""What people are told of, how each wants to hear of it, and the rows that wait to be shown or sent."""
