"""Letters, for the tests of all rooms."""
