"""Colleagues and the work that waits, as pages show them."""
