"""The practice's records and verbs: one file per noun, in rooms; the verbs are methods, and acts that touch several
records are functions in files of their own."""
