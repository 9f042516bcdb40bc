"""Measure how fast Portal is against the same work by hand, in one run on one machine."""
