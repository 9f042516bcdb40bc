"""The frame of all pages, and those that gather from all rooms, for the tests of all rooms."""

from portal import clock
from portal.facts import (
    ClientChanged,
)
from portal.models.ground.moment import Moment
from portal.models.ground.outbox import Outbox
from portal.models.ground.record import uuid7
from portal.models.ground.stuck_work import MESSAGES, TOLD_AFTER, WISHES, StuckWork
from portal.models.people.client import Client
from tests.breakage import (
    AUDIT,
    CURSOR,
    DOOR,
    END,
    KEY,
    LENS,
    MAPPING,
    SIGHT,
    TWO,
    TYPE,
    Breakage,
    live,
    sockets,
    stranger,
    structure,
    test,
)
from tests.browser.places import Place, emptied, opened, shown
from tests.cast import Cast
from tests.deployment import METRICS_TOKEN
from tests.laws.sample import Sample, wishes
from tests.laws.stage import Verbs
from tests.rooms import insert

SAMPLES = {
    "GET /": Sample("", 303),
    "POST /language": Sample("", 303, form=wishes(lang="es")),
    "POST /theme": Sample("miriam", 303, form=wishes(theme="dark")),
    "POST /discretion": Sample("dana", 303, form=wishes(discreet="on")),
    "GET /static/{version}/{path:path}": Sample("", 200),
    "GET /up": Sample("", 200),
    "GET /metrics": Sample("", 200, headers={"Authorization": f"Bearer {METRICS_TOKEN}"}),
    "GET /staff/today": Sample("miriam", 200),
    "GET /board": Sample("dana", 200),
    "GET /home": Sample("dana", 303),
    "GET /clients/{client}/home": Sample("dana", 200),
}

VERBS = Verbs()


@VERBS("a moment comes that nobody planned by hand", "noa")
async def _(cast: Cast) -> None:
    # Whatever kind a moment carries: here one about the chart, whose rows change with it.
    client = await (await Client.get(id=cast.client["noa"])).hold()
    client.phone = "(555) 010-0199"
    await client.save(update_fields=["phone_sealed"])
    await Moment.plan(clock.now(), ClientChanged(client=client.id))


async def fill(cast: Cast) -> None:
    now = clock.now()
    await Outbox.create(kind="letter")
    for queue, item in ((MESSAGES, str(uuid7())), (WISHES, "x")):
        stuck = StuckWork(queue=queue, item=item, tries=TOLD_AFTER, reason="x", since=now, tried_at=now, due_at=now)
        await stuck.save(force_create=True)
    await insert("moment", id=uuid7(), due_at=now, kind="Nothing", body="{}")
    await insert("idempotency", owner_id=uuid7(), key=uuid7(), request="x", at=now)
    await insert("throttle", key="x", count=1, until_at=now)
    await insert("audit", id=uuid7(), at=now, side="staff", action="look", result="done")
    await insert("fact", kind="Nothing", at=now, keys="[]", body="{}")


# A statement for each check of a table, which refuses it.
BROKEN = {
    "audit": ["insert into audit (id, at, side, action, result) select id, at, side, action, 'maybe' from audit"],
    "era": ["update era set one = 2"],
}


PLACES = [
    Place("nothing here", "", "/no/such/page"),
    Place("Today", "miriam", "/staff/today"),
    Place("Today, mine", "ada", "/staff/today?whose=mine"),
    Place("Today, new", "jo", "/staff/today", opened("#new > summary")),
    Place("Today, nothing", "newcomer", "/staff/today"),
    Place("Today, overfull", "wilhelmina", "/staff/today"),
    Place("keys", "miriam", "/staff/today", shown("keys")),
    Place("menu", "miriam", "/staff/today", opened("#me > summary")),
    Place("idle warning", "miriam", "/staff/today", shown("idle")),
    Place("signed out", "miriam", "/staff/today", emptied("ended")),
    Place("Home", "dana", "/clients/{noa}/home"),
    Place("Home, nothing", "silent", "/clients/{silent}/home"),
    Place("Home, overfull", "hildegard", "/clients/{maximiliana-theodora}/home"),
    Place("profiles", "dana", "/clients/{noa}/home", opened("#switch-menu > summary")),
    Place("profiles, overfull", "hildegard", "/clients/{maximiliana-theodora}/home", opened("#switch-menu > summary")),
    Place("more", "dana", "/clients/{noa}/home", opened("#more > summary")),
    Place("idle warning", "dana", "/clients/{noa}/home", shown("idle")),
    Place("portal closed", "dana", "/clients/{noa}/home", emptied("closed")),
    Place("access ended", "dana", "/clients/{noa}/home", emptied("gone")),
    Place("nobody", "nobody", "/home"),
    Place("all on one page", "dana", "/board"),
    Place("all on one page, nobody", "nobody", "/board"),
]

BREAKAGES = [
    Breakage(
        MAPPING,
        "a count of what is unread follows messages",
        "portal/regions/home.py",
        'on=(OfThreadList, OfChart), element="places")',
        'on=(OfChart,), element="places")',
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
    Breakage(
        MAPPING,
        "the switch between profiles counts for all of them",
        "portal/regions/home.py",
        "on=(), on_any=(OfThreadList, OfChart)",
        "on=(OfThreadList, OfChart)",
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
    Breakage(
        KEY,
        "what names a colleague comes to that colleague",
        "portal/facts/ground.py",
        'for name in ("client", "staff", "account")',
        'for name in ("client", "account")',
        live("a colleague joins a care team"),
    ),
    Breakage(
        KEY,
        "an account's pages are told of its clients",
        "portal/realtime/hub.py",
        'keys = {viewer.key} | {f"client:{client}" for client in clients}',
        'keys = {viewer.key} | {f"client:{client}" for client in clients if viewer.kind is Kind.STAFF}',
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
    Breakage(
        KEY,
        "a supervisor hears of the clients of those supervised",
        "portal/realtime/hub.py",
        '                keys |= {f"staff:{member}" for member in await supervised_by(viewer.id)}',
        "                pass",
        live("an intern joins the care team of a client that his supervisor did not see"),
    ),
    Breakage(
        KEY,
        "who sees all clients is told of each",
        "portal/realtime/hub.py",
        '        if any(key.startswith("client:") for key in keys):\n            concerned |=',
        "        if not keys:\n            concerned |=",
        live("POST /staff/clients"),
    ),
    Breakage(
        SIGHT,
        "an archived chart is seen by nobody on the client's side",
        "portal/models/ground/rules.py",
        'f"{r}.archived_at is null and {r}.date_of_birth_sealed is not null and "',
        'f"{r}.date_of_birth_sealed is not null and "',
        stranger("GET /clients/{client}/home by a client whose chart is archived"),
    ),
    Breakage(
        SIGHT,
        "an access that has ended shows nothing",
        "portal/models/ground/rules.py",
        "and {access}.client_id = {client} and {live(access)} ",
        "and {access}.client_id = {client} ",
        test("laws/test_visible.py::test_an_access_is_a_matter_of_now[embedded]"),
    ),
    Breakage(
        SIGHT,
        "who is kept away by an order sees nothing",
        "portal/models/ground/rules.py",
        'return f"({live(link)} and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"',
        'return f"({live(link)} and {_network_is_on(link)})"',
        stranger("GET /clients/{client}/home by a guardian who is kept away"),
    ),
    Breakage(
        SIGHT,
        "a tie that has ended shows nothing",
        "portal/models/ground/rules.py",
        'return f"({live(link)} and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"',
        'return f"({_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"',
        stranger("GET /clients/{client}/home by a guardian whose tie ended today"),
    ),
    Breakage(
        SIGHT,
        "a restriction goes before every right",
        "portal/models/ground/rules.py",
        'return f"({link}.{right.value} and {live(link)} and {kept} and {_network_is_on(link)})"',
        'return f"({link}.{right.value} and {live(link)} and {_network_is_on(link)})"',
        stranger("GET /clients/{client}/messages by a guardian who may only pay"),
    ),
    Breakage(
        SIGHT,
        "a conversation is read by permission for its audience",
        "portal/models/ground/rules.py",
        "return f\"({_may_read(r)}) and {staff_see(f'{r}.client_id')}\"",
        "return staff_see(f'{r}.client_id')",
        stranger("GET /staff/clients/{client}/conversations/{conversation} by a scheduler"),
    ),
    Breakage(
        SIGHT,
        "who takes no part reads nothing",
        "portal/models/ground/rules.py",
        "{client_is_seen(Kind.ACCOUNT, 'oc')} and {takes_part('oa', 'op', 'ol')}",
        "{client_is_seen(Kind.ACCOUNT, 'oc')}",
        stranger("GET /clients/{client}/conversations/{conversation} by a second guardian, who takes no part"),
    ),
    Breakage(
        DOOR,
        "a permission is asked for",
        "portal/web/doors.py",
        "if permission is not None and not visit.holder.may(permission):",
        "if permission is not None and visit.viewer is None:",
        stranger("POST /staff/clients/{client}/archival by staff lacking the permission"),
    ),
    Breakage(
        DOOR,
        "a write comes from a page of this portal",
        "portal/web/doors.py",
        'return site == "same-origin" if site is not None else origin_allowed(headers)',
        "return site is not None or origin_allowed(headers)",
        stranger("POST /staff/clients/{client}/archival by a page of another site"),
    ),
    Breakage(
        LENS,
        "a page that staff look at as somebody else holds what they may see themselves",
        "portal/models/ground/scope.py",
        "*([_lens(self.model)] if self.lens else [])",
        "",
        test("access/test_view_as.py::test_what_one_may_not_read_oneself_is_left_out[embedded]"),
    ),
    Breakage(
        LENS,
        "whom else somebody acts for is not shown through it",
        "portal/viewer.py",
        "narrow = self.kind is not Kind.PROFILE or self.lens is not None",
        "narrow = self.kind is not Kind.PROFILE",
        test("access/test_view_as.py::test_whom_else_they_act_for_is_not_shown[embedded]"),
    ),
    Breakage(
        LENS,
        "a page seen through it hears what concerns either of them",
        "portal/realtime/hub.py",
        'keys = {viewer.key, f"staff:{viewer.lens}", f"client:{viewer.client}"}',
        'keys = {viewer.key, f"staff:{viewer.lens}"}',
        test("access/test_view_as.py::test_it_is_live_as_theirs_is_and_nobody_hears_of_the_looker[embedded]"),
    ),
    Breakage(
        CURSOR,
        "what was sent is not sent again",
        "portal/realtime/hub.py",
        "page.cursors = {k: n for k, n in (page.cursors | draw.cursors).items() if k not in draw.ended}",
        "pass",
        test("laws/test_coming_back.py::test_each_message_is_sent_once_to_a_page_that_stays[embedded]"),
    ),
    Breakage(
        CURSOR,
        "a page is told how far it is",
        "portal/realtime/hub.py",
        "since = str(there) if there is not None and not page.dirty else None",
        "since = None",
        test("laws/test_coming_back.py::test_a_page_that_is_current_is_told_nothing_when_it_comes_back[embedded]"),
    ),
    Breakage(
        CURSOR,
        "what happened while a page was away is looked up",
        "portal/realtime/socket.py",
        "    await hub.dispatch(news, only=page)\n",
        "",
        test("laws/test_coming_back.py::test_what_happened_while_its_socket_was_closed_is_caught_up[embedded]"),
    ),
    Breakage(
        AUDIT,
        "that somebody was refused",
        "portal/web/refusals.py",
        'side=known.side, actor=known.holder, result="refused"',
        'side=known.side, actor=known.holder, result="done"',
        stranger("GET /staff/clients/{client} by staff outside the care team"),
    ),
    Breakage(
        END,
        "a page closes when the access that it is for has ended, with nobody to say so",
        "portal/realtime/hub.py",
        "            elif page.until <= now:",
        "            elif page.session is None:",
        test("faults/test_endings.py::test_a_session_that_runs_out_closes_its_pages"),
    ),
    Breakage(
        END,
        "a page of a client that is not seen any more closes",
        "portal/realtime/hub.py",
        "if viewer.client is not None and not clients.get(viewer.client):",
        "if viewer.client is not None and not clients:",
        sockets("a mother's access to one child ends"),
    ),
    Breakage(
        TWO,
        "a row is found without a lock",
        "portal/models/ground/record.py",
        "        if not self.is_held:\n            await self.lock(self.id)\n",
        "        if not self.is_held:\n",
        test("attacks/test_at_once.py::test_an_access_that_two_end_at_once_ends_once"),
    ),
    Breakage(
        TWO,
        "a viewer's row is found without a lock",
        "portal/models/ground/scope.py",
        "        await self.model.lock(id)\n",
        "",
        test("attacks/test_at_once.py::test_what_is_put_away_stays_so_though_it_is_edited"),
    ),
    Breakage(
        TWO,
        "a form is taken whatever it was made on",
        "portal/web/edit_conflict.py",
        "    if made_on == version or not differs:",
        "    if True:",
        test("attacks/test_open_forms.py::test_an_order_stays_though_a_form_stood_open[embedded]"),
    ),
    Breakage(
        TWO,
        "what nobody touched in a form is put back",
        "portal/web/edit_conflict.py",
        "        if untouched:\n            filled.values[name] = now[name]\n",
        "",
        test("attacks/test_open_forms.py::test_an_order_stays_though_a_form_stood_open[embedded]"),
    ),
    Breakage(
        TWO,
        "a form that nobody compared is committed",
        "portal/web/doors.py",
        "    must_have_compared(visit)\n",
        "",
        structure("test_the_door_asks_whether_it_was_compared"),
    ),
    Breakage(
        TYPE,
        "truth on SQLite",
        "portal/models/ground/sqlite.py",
        "lambda value: bool(int(value))",
        "int",
        test("ground/test_typed_rows.py::test_each_column_of_each_table_arrives_in_its_type[embedded]"),
    ),
    Breakage(
        TYPE,
        "JSON on PostgreSQL",
        "portal/models/ground/database.py",
        '                "init": decode_json,\n',
        "",
        test("ground/test_typed_rows.py::test_each_column_of_each_table_arrives_in_its_type[full]"),
    ),
]
