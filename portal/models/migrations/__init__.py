"""The steps by which the database came to its present shape; `portal migrate` applies them.

Tables are written as SQL, because Tortoise leaves checks out of what it creates, and SQLite can only take them in
the first CREATE TABLE. One text serves both databases; the words below stand for types that differ.
"""
