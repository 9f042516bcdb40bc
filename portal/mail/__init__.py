"""Letters: their words, their wait in the outbox, and their way to a mail server."""
