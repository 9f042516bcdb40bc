"""The carriers of news: the bus between workers, the follower of facts, the hub of open pages, and their sockets."""
