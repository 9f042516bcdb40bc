"""Faults that an attack or a close look found, each tried by the front door, and how Portal answers it now."""
