"""Breaks the code on purpose, one small thing at a time in a copy of the tree, and says which tests turn red.

    bin/test --breakages                # all of them
    bin/test --breakages lens audit     # those whose kind, words or file hold one of these words

A promise is held by a law only if breaking it turns that law red. Each breakage names the tests that must; one that
leaves one of them green is red itself, and so is one whose text is not in the code any more. Costs about ten seconds of
one processor for each: a deployment of its own, and a test or two in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 2  # copies that are broken side by side
PATIENCE = 300  # seconds after which a breakage is given up, on a busy machine too

# What can go wrong in a portal whose pages stay true and show nobody what is not theirs.
MAPPING = "a mapping of a fact removed"
KEY = "an audience key dropped"
SIGHT = "a rule of sight loosened by one condition"
DOOR = "a door's permission or right removed"
LENS = "a lens forgotten"
ANNOUNCE = "an announce left out"
CURSOR = "a cursor or a bookmark not kept"
AUDIT = "an audit row not written"
SCOPE = "a where of a scope lost"
END = "an end of access not checked"
TWO = "what somebody else saved meanwhile overwritten"
KINDS = (MAPPING, KEY, SIGHT, DOOR, LENS, ANNOUNCE, CURSOR, AUDIT, SCOPE, END, TWO)

# --- The laws that are to turn red --------------------------------------------------------------------


def live(*acts: str) -> tuple[str, ...]:
    """The live law on regions, after each of these acts."""
    place = "tests/laws/test_regions.py::test_what_looks_different_was_told"
    return tuple(f"{place}[{act}]" for act in acts)


def sockets(*acts: str) -> tuple[str, ...]:
    """Live equals reload, by sockets, after each of these acts of the sample."""
    place = "tests/laws/test_live_equals_reload.py::test_live_equals_reload"
    return tuple(f"{place}[{act}-full]" for act in acts)


def stranger(*cells: str) -> tuple[str, ...]:
    """The matrix of strangers, at these routes; each is said with the stranger who comes in there."""
    place = "tests/laws/test_strangers.py::test_strangers_are_refused_and_change_nothing"
    return tuple(f"{place}[embedded-{cell.partition(' by ')[0]}]" for cell in cells)


def served(*routes: str) -> tuple[str, ...]:
    """Beside the strangers, the one who may."""
    place = "tests/laws/test_strangers.py::test_the_one_who_may_is_served"
    return tuple(f"{place}[embedded-{route}]" for route in routes)


def structure(test: str) -> tuple[str, ...]:
    return (f"tests/laws/test_structure.py::{test}",)


def test(name: str) -> tuple[str, ...]:
    return (f"tests/{name}",)


@dataclass(frozen=True)
class Breakage:
    """In `file`, `old` becomes `new`; then all of `red` must be red, where `first` were run before."""

    kind: str
    what: str
    file: str
    old: str
    new: str
    red: tuple[str, ...]
    first: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


RULES = "portal/models/ground/rules.py"
CHART = "portal/models/people/client.py"
ACCOUNT = "portal/models/access/account.py"
HUB = "portal/realtime/hub.py"
REGIONS = "portal/regions"

BREAKAGES = [
    # --- Mappings ---
    Breakage(
        MAPPING,
        "what a client may write is shown by the head of a conversation",
        f"{REGIONS}/messages/head.py",
        "on=(OfChart, OfStaff))\nasync def head",
        "on=(OfStaff,))\nasync def head",
        live("POST /staff/clients/{client}/messaging"),
    ),
    Breakage(
        MAPPING,
        "a count of what is unread follows messages",
        f"{REGIONS}/home.py",
        "on=(OfThreadList,))\nasync def unread_count",
        "on=())\nasync def unread_count",
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
    Breakage(
        MAPPING,
        "a list of clients has their names",
        f"{REGIONS}/people/clients.py",
        'on=(OfChart, OfThreadList),\n    element="clients"',
        'on=(OfThreadList,),\n    element="clients"',
        live("what is on file of that client changes"),
        first=live("a client is added for a therapist by somebody else"),
    ),
    Breakage(
        MAPPING,
        "what is done with a conversation is shown beside it",
        f"{REGIONS}/messages/inbox.py",
        "on=(MessageSent, OfTriage, OfChart, OfStaff),\n)\nasync def handling",
        "on=(MessageSent, OfChart, OfStaff),\n)\nasync def handling",
        live("POST /staff/inbox/{conversation}/assignment"),
    ),
    Breakage(
        MAPPING,
        "what was edited is edited on pages that show it",
        f"{REGIONS}/messages/stream.py",
        "on=(MessageSent, MessagesSeen, OfMessage),\n    stream",
        "on=(MessageSent, MessagesSeen),\n    stream",
        live("POST /clients/{client}/conversations/{conversation}/messages/{message}"),
    ),
    Breakage(
        MAPPING,
        "notices that were read are read everywhere",
        f"{REGIONS}/notices/notices.py",
        'on=(OfNotice,), element="bell")',
        'on=(), element="bell")',
        live("POST /staff/notices/reading"),
        first=live("POST /clients/{client}/conversations/{conversation}/messages"),
    ),
    Breakage(
        MAPPING,
        "the switch between profiles counts for all of them",
        f"{REGIONS}/home.py",
        "on=(), on_any=(OfThreadList, OfChart)",
        "on=(OfThreadList, OfChart)",
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
    # --- Audience keys ---
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
        HUB,
        'keys = {viewer.key} | {f"client:{client}" for client in clients}',
        'keys = {viewer.key} | {f"client:{client}" for client in clients if viewer.kind is Kind.STAFF}',
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
    Breakage(
        KEY,
        "a supervisor hears of the clients of those supervised",
        HUB,
        '                keys |= {f"staff:{member}" for member in await supervised_by(viewer.id)}',
        "                pass",
        live("an intern joins the care team of a client that his supervisor did not see"),
    ),
    Breakage(
        KEY,
        "who sees all clients is told of each",
        HUB,
        '        if any(key.startswith("client:") for key in keys):\n            concerned |=',
        "        if not keys:\n            concerned |=",
        live("POST /staff/clients"),
    ),
    Breakage(
        KEY,
        "who reads a conversation can change on any page",
        "portal/facts/staff.py",
        "    concerns_everyone = True\n    staff: UUID",
        "    staff: UUID",
        live("a therapist loses her clinical messages"),
    ),
    # --- Rules of sight ---
    Breakage(
        SIGHT,
        "an archived chart is seen by nobody on the client's side",
        RULES,
        'f"{r}.archived_at is null and {r}.date_of_birth_sealed is not null "',
        'f"{r}.date_of_birth_sealed is not null "',
        stranger("GET /clients/{client}/home by a client whose chart is archived"),
    ),
    Breakage(
        SIGHT,
        "an access that has ended shows nothing",
        RULES,
        "where va.account_id = :viewer and va.client_id = {r}.id and {live('va')} ",
        "where va.account_id = :viewer and va.client_id = {r}.id ",
        test("laws/test_visible.py::test_an_access_is_a_matter_of_now[embedded]"),
    ),
    Breakage(
        SIGHT,
        "who is kept away by an order sees nothing",
        RULES,
        'return f"({live(link)} and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"',
        'return f"({live(link)} and {_network_is_on(link)})"',
        stranger("GET /clients/{client}/home by a guardian who is kept away"),
    ),
    Breakage(
        SIGHT,
        "a tie that has ended shows nothing",
        RULES,
        'return f"({live(link)} and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"',
        'return f"({_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"',
        stranger("GET /clients/{client}/home by a guardian whose tie ended today"),
    ),
    Breakage(
        SIGHT,
        "a restriction goes before every right",
        RULES,
        'return f"({link}.{right.value} and {live(link)} and {kept} and {_network_is_on(link)})"',
        'return f"({link}.{right.value} and {live(link)} and {_network_is_on(link)})"',
        stranger("GET /clients/{client}/messages by a guardian who may only pay"),
    ),
    Breakage(
        SIGHT,
        "a conversation is read by permission for its audience",
        RULES,
        "return f\"({_may_read(r)}) and {staff_see(f'{r}.client_id')}\"",
        "return staff_see(f'{r}.client_id')",
        stranger("GET /staff/clients/{client}/conversations/{conversation} by a scheduler"),
    ),
    Breakage(
        SIGHT,
        "who takes no part reads nothing",
        RULES,
        "and {client_is_seen(Kind.ACCOUNT, 'oc')} and {takes_part('oa', 'op', 'ol')})",
        "and {client_is_seen(Kind.ACCOUNT, 'oc')})",
        stranger("GET /clients/{client}/conversations/{conversation} by a second guardian, who takes no part"),
    ),
    Breakage(
        SIGHT,
        "one's own templates are nobody else's",
        "portal/models/messages/template.py",
        "({r}.staff_id is null or {r}.staff_id = :viewer)",
        "({r}.staff_id is null or {r}.staff_id is not null)",
        test("test_templates.py::test_ones_own_are_nobody_elses[embedded]"),
    ),
    Breakage(
        SIGHT,
        "a notice is its own person's",
        "portal/models/notices/notice.py",
        'return f"{r}.{_reader(kind)} = :viewer and {_sees_what(kind, r)}"',
        "return _sees_what(kind, r)",
        stranger("POST /staff/notices/{notice}/reading by a colleague who sees the client too"),
    ),
    # --- Doors ---
    Breakage(
        DOOR,
        "who ends a colleague's work manages staff",
        "portal/routes/staff/staff/colleagues.py",
        'departure", Permission.STAFF, form=Departure, ',
        'departure", form=Departure, ',
        structure("test_each_door_asks_for_what_is_said_here"),
    ),
    Breakage(
        DOOR,
        "a chart is archived by who manages portal access",
        "portal/routes/staff/people/clients.py",
        'archival", Permission.PORTAL_ACCESS, audit="archive client")',
        'archival", audit="archive client")',
        structure("test_each_door_asks_for_what_is_said_here"),
    ),
    Breakage(
        DOOR,
        "who begins a conversation holds the right to messages",
        "portal/routes/client/messages/conversations.py",
        'conversations", Right.MESSAGES, form=writing.Beginning, ',
        'conversations", form=writing.Beginning, ',
        structure("test_each_door_asks_for_what_is_said_here"),
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
    # --- Lenses ---
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
        HUB,
        'keys = {viewer.key, f"staff:{viewer.lens}", f"client:{viewer.client}"}',
        'keys = {viewer.key, f"staff:{viewer.lens}"}',
        test("access/test_view_as.py::test_it_is_live_as_theirs_is_and_nobody_hears_of_the_looker[embedded]"),
    ),
    # --- Announcing ---
    Breakage(
        ANNOUNCE,
        "a message was edited",
        "portal/models/messages/message.py",
        "        await announce(MessageEdited(client=client, conversation=self.conversation_id, number=self.number))",
        "        pass",
        live("in other words"),
    ),
    Breakage(
        ANNOUNCE,
        "somebody has left a care team",
        CHART,
        "        await announce(CareTeamChanged(client=self.client_id, staff=self.staff_id))",
        "        pass",
        live("a therapist leaves a client's care team"),
    ),
    Breakage(
        ANNOUNCE,
        "an access has ended",
        ACCOUNT,
        "        await announce(AccessEnded(client=self.client_id, account=self.account_id))",
        "        pass",
        live("a mother's access to one child ends"),
    ),
    Breakage(
        ANNOUNCE,
        "half a message was kept for one's other pages",
        "portal/models/messages/draft.py",
        "            now=clock.now(),\n        )\n"
        "        await announce(DraftChanged(conversation=conversation, staff=staff, account=account))",
        "            now=clock.now(),\n        )",
        live("POST /staff/clients/{client}/conversations/{conversation}/draft"),
    ),
    Breakage(
        ANNOUNCE,
        "a template says something else",
        "portal/models/messages/template.py",
        '        await self.save(update_fields=["name_sealed", "body_sealed", "changed_at"])\n'
        "        await announce(TemplatesChanged(staff=self.staff_id))",
        '        await self.save(update_fields=["name_sealed", "body_sealed", "changed_at"])',
        live("POST /staff/templates/{template}"),
    ),
    # --- Cursors, bookmarks, versions ---
    Breakage(
        CURSOR,
        "what was sent is not sent again",
        HUB,
        "page.cursors = {k: n for k, n in (page.cursors | draw.cursors).items() if k not in draw.ended}",
        "pass",
        test("laws/test_coming_back.py::test_each_message_is_sent_once_to_a_page_that_stays[embedded]"),
    ),
    Breakage(
        CURSOR,
        "a page is told how far it is",
        HUB,
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
    # --- The audit log ---
    Breakage(
        AUDIT,
        "that a chart was archived",
        "portal/routes/staff/people/clients.py",
        'archival", Permission.PORTAL_ACCESS, audit="archive client")',
        'archival", Permission.PORTAL_ACCESS, audit=None)',
        served("POST /staff/clients/{client}/archival"),
    ),
    Breakage(
        AUDIT,
        "that somebody was refused",
        "portal/web/refusals.py",
        'side=known.side, actor=known.holder, result="refused"',
        'side=known.side, actor=known.holder, result="done"',
        stranger("GET /staff/clients/{client} by staff outside the care team"),
    ),
    # --- Scopes ---
    Breakage(
        SCOPE,
        "a chart's list of conversations is of that client",
        f"{REGIONS}/messages/threads.py",
        'threads(viewer.see(Conversation).where("r.client_id = :of", of=client))',
        "threads(viewer.see(Conversation))",
        live("a message comes about another child of the same mother"),
    ),
    Breakage(
        SCOPE,
        "a conversation is found under its own client",
        "portal/web/visit.py",
        'keys() & {"client", "conversation"}',
        'keys() & {"conversation"}',
        stranger(
            "POST /staff/clients/{client}/conversations/{conversation}/messages by the right staff under another client"
        ),
    ),
    Breakage(
        SCOPE,
        "a contact is found under their own client",
        "portal/routes/staff/people/contacts.py",
        "    if link.client_id != client.id:",
        "    if link.client_id is None:",
        stranger("POST /staff/clients/{client}/contacts/{link}/end by the right staff under another client"),
    ),
    Breakage(
        SCOPE,
        "a page of a conversation has its messages alone",
        "portal/models/messages/message.py",
        'messages.where("r.conversation_id = :conversation", conversation=conversation)\n'
        '        .where("r.number < :before"',
        'messages.where("r.number < :before"',
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
    # --- Ends ---
    Breakage(
        END,
        "a page closes when the access that it is for has ended, with nobody to say so",
        HUB,
        "            elif page.until <= now:",
        "            elif page.session is None:",
        test("faults/test_endings.py::test_a_session_that_runs_out_closes_its_pages"),
    ),
    Breakage(
        END,
        "a session is over when nobody came for some minutes",
        "portal/models/staff/session.py",
        "s.ended_at is null and s.idle_until > :now\n",
        "s.ended_at is null\n",
        test("staff/test_sessions.py::test_who_was_away_too_long_signs_in_again"),
    ),
    Breakage(
        END,
        "a page of a client that is not seen any more closes",
        HUB,
        "if viewer.client is not None and not clients.get(viewer.client):",
        "if viewer.client is not None and not clients:",
        sockets("a mother's access to one child ends"),
    ),
    Breakage(
        END,
        "who has left signs in no more",
        "portal/models/staff/session.py",
        '"(m.id is null or m.ended_at is null) "\n    "and (s.side',
        '"(s.side',
        test("staff/test_sessions.py::test_who_has_left_is_in_no_more"),
    ),
    # --- Two at once ---
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
        "a chart is saved whole",
        CHART,
        "        await self.save(update_fields=_DETAILS)",
        "        await self.save()",
        structure("test_a_verb_changes_only_the_columns_it_is_about"),
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
]


# --- Running them ----------------------------------------------------------------------------------------


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of what belongs to this tree, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    copy = Path(tempfile.mkdtemp(prefix="portal-broken-"))
    try:
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def applied(breakage: Breakage, tree: Path = ROOT) -> str:
    """The file as it is when broken. Raises Gone where the text is not there, or more than once."""
    text = (tree / breakage.file).read_text()
    if (times := text.count(breakage.old)) != 1:
        raise Gone(f"its text stands {times} times in {breakage.file}, and not once: write it anew")
    return text.replace(breakage.old, breakage.new)


class Gone(Exception):
    """The code that was to be broken is written otherwise by now."""


def green(breakage: Breakage, tree: Path) -> list[str]:
    """Those of its tests that stay green in this copy when it is broken; then the copy is whole again."""
    file = tree / breakage.file
    whole = file.read_text()
    file.write_text(applied(breakage, tree))
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", *breakage.first, *breakage.red],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    finally:
        file.write_text(whole)
        later = time.time() + 2  # else what Python has compiled could pass for that of the whole file
        os.utime(file, (later, later))
    told = ran.stdout.splitlines()
    return [name for name in breakage.red if not any(_is_red(line, name) for line in told)]


def _is_red(line: str, name: str) -> bool:
    """It failed itself: what could not even be set up says nothing."""
    return line.startswith(f"FAILED {name}")


def tell(breakage: Breakage, copies: SimpleQueue[Path]) -> str:
    """Run one in whichever copy is free: what is wrong with it, or nothing."""
    copy, begun = copies.get(), time.monotonic()
    try:
        left = green(breakage, copy)
        problem = "stays green: " + ", ".join(left) if left else ""
    except Gone as reason:
        problem = str(reason)
    except subprocess.TimeoutExpired:
        problem = f"was not done in {PATIENCE} s"
    finally:
        copies.put(copy)
    took = f"{time.monotonic() - begun:5.0f} s"
    turned = "" if problem else "".join(f"\n           {name}" for name in breakage.red)
    print(f"{'GREEN' if problem else 'red  '} {took}  {breakage}{turned}", flush=True)
    if problem:
        print(f"           {problem}", flush=True)
    return problem


def main(words: list[str]) -> int:
    chosen = [
        one
        for one in BREAKAGES
        if not words or any(word in f"{one} {one.file}".lower() for word in map(str.lower, words))
    ]
    with copied() as one, copied() as other, ThreadPoolExecutor(AT_ONCE) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for copy in (one, other):
            copies.put(copy)
        wrong = [problem for problem in pool.map(lambda each: tell(each, copies), chosen) if problem]
    print(f"{len(chosen)} breakages, {len(wrong)} of them not held")
    return 1 if wrong or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
