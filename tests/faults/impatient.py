"""`portal`, less patient, so that a test need not wait long: a page that does not read is let go after four seconds."""

from portal.cli import main
from portal.realtime import hub

hub.STALLED = 4.0

if __name__ == "__main__":
    main()
