"""Sign-up by a welcome email, and new passwords, which need no session."""
