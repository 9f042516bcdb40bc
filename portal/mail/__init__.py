"""Letters: what they say, where they wait, and how they reach a mail server."""
