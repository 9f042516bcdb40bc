"""The practice itself, as pages show it."""
