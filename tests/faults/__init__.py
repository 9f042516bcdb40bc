"""Faults of a practice's week, made on purpose: nothing may be lost, doubled, late or told to the wrong one."""
