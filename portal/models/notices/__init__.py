"""Notices to people, the ways in which each wants to hear of them, and the rows that wait to be shown or sent."""
