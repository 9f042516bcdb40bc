"""The events of a practice, in the past tense, told in ids only: a kind of fact a class, a file for each room."""

# Each room's file holds its kinds and families and nothing else, and all of them are to be had from here: a list of
# names would lack the next one. Ruff can't check such names (F403); the type checker does.
from portal.facts.access import *  # noqa: F403
from portal.facts.ground import *  # noqa: F403
from portal.facts.mail import *  # noqa: F403
from portal.facts.messages import *  # noqa: F403
from portal.facts.notices import *  # noqa: F403
from portal.facts.people import *  # noqa: F403
from portal.facts.practice import *  # noqa: F403
from portal.facts.staff import *  # noqa: F403
