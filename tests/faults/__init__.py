"""What breaks in a practice's week, broken on purpose: nothing may be lost, doubled, late or told to the wrong one."""
