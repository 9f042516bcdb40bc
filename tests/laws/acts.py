"""Everything that can happen in the practice: each write route's sample, and each verb of the models that announces a
fact and has no route yet.

One act for each class of facts with equal regions is `sampled`; test_regions.py holds that they are all there. All acts
are tried with sockets by `bin/test --all`.
"""

from starlette.routing import Route

from tests.cast import Person
from tests.laws.sample import name_of
from tests.laws.samples import WRITES, sample_of
from tests.laws.stage import Act, Stage
from tests.rooms import brought


def _by_route(route: Route) -> Act:
    sample = sample_of(route)

    async def person_of(stage: Stage) -> Person:
        if not sample.who:
            return stage.cast.stranger()
        if route.path == "/sign-out":  # ends the session it is asked with
            return await stage.cast.sign_in(sample.who)
        return await stage.person(sample.who)

    async def prepare(stage: Stage) -> None:
        await sample.prepare(route, await person_of(stage))

    async def happen(stage: Stage) -> None:
        person = await person_of(stage)
        answer = await sample.ask(route, person)
        assert answer.status_code == sample.status, f"{answer.status_code}: {answer.text}"
        await stage.settled()

    about = "noa" if "{client}" in route.path or "{conversation}" in route.path else ""
    if about and route.endpoint.door == "client":  # type: ignore[attr-defined]
        about = sample_of(route).client
    if about and "/conversations" in route.path and "{conversation}" not in route.path:
        about = ""
    return Act(name_of(route), happen, about, prepare if sample.before else None, sample.sampled)


ACTS: list[Act] = [*map(_by_route, WRITES), *sorted(brought("VERBS"), key=lambda act: act.last)]
SAMPLED = [act for act in ACTS if act.sampled]
