"""What the practice knows and does: one file per noun; the verbs are methods."""
