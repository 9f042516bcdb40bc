"""A valid request for every route, and who makes it, from all rooms. A route without one is red.

Acts go on from one another in the order of the rooms, and in each of its samples.
"""

from starlette.routing import Route

from portal.routes import ROUTES
from tests.laws.sample import Sample, is_write, name_of
from tests.rooms import brought_by_name

SAMPLES: dict[str, Sample] = brought_by_name("SAMPLES")

# Getting in, and its letters: acts that need a mail server, a link or half a session are served by tests/access and
# tests/mail, and told by verbs. Strangers are tried on them as on all.
ELSEWHERE = (
    "/staff/clients/{client}/portal",
    "/staff/settings/portal",
    "/staff/settings/mail",
    "/staff/mail",
    "/start",
    "/welcome",
    "/offers",
    "/forgot",
    "/reset",
    "/demo/mail",
)
_ORDER = {name: number for number, name in enumerate(SAMPLES)}
EVERY_ROUTE = sorted(ROUTES, key=lambda route: _ORDER.get(name_of(route), -1))
ALL_ROUTES = [route for route in EVERY_ROUTE if not route.path.startswith(ELSEWHERE)]
WRITES = [route for route in ALL_ROUTES if is_write(route)]


def sample_of(route: Route) -> Sample:
    """The sample of a route, or a red test that says that there is none."""
    name = name_of(route)
    assert name in SAMPLES, f"{name} has no sample: add one to its room's brings.py in tests"
    return SAMPLES[name]
