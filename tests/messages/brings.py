"""Conversations, the inbox and templates, for the tests of all rooms."""

import re
from itertools import cycle
from uuid import UUID, uuid4

from starlette.routing import Route

from portal import clock
from portal.models.ground import sql
from portal.models.ground.record import uuid7
from portal.models.messages.conversation import Conversation
from portal.models.messages.draft import Draft
from portal.models.messages.message import Message, MessageVersion
from portal.models.messages.note import Note
from portal.models.messages.template import Template
from portal.permissions import Audience, Right
from tests.breakage import ANNOUNCE, DOOR, MAPPING, SCOPE, SIGHT, TWO, Breakage, live, stranger, structure, test
from tests.browser.places import Place, asked, offered, opened, searched, sent
from tests.cast import Cast, Person
from tests.laws.sample import Sample, wishes
from tests.laws.stage import Verbs
from tests.rooms import insert


def a_message(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "body": f"A word of no weight, {uuid4().hex}."}


def a_draft(cast: Cast) -> dict[str, str]:
    return {"body": f"Half a sentence, {uuid4().hex}"}


def other_words(cast: Cast) -> dict[str, str]:
    return {"body": f"The same in other words, {uuid4().hex}."}


_TAKERS = cycle(["henrik", "miriam"])


def put_on_it(cast: Cast) -> dict[str, str]:
    """Another each time: who is on it already is no news."""
    return {"staff": cast.staff[next(_TAKERS)]}


def a_template(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "name": "The lift", "body": f"Hello {{name}}, the lift waits. {uuid4().hex}"}


def another_template(cast: Cast) -> dict[str, str]:
    return {"name": "The stairs", "body": f"Hello {{name}}, take the stairs. {uuid4().hex}"}


def handed_over(cast: Cast) -> dict[str, str]:
    return a_note(cast) | put_on_it(cast)


def a_note(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "body": f"A note of no weight, {uuid4().hex}."}


def all_read(cast: Cast) -> dict[str, str]:
    return {"number": "9999"}


async def after_writing(sample: Sample, route: Route, person: Person) -> None:
    """A message was written there by the one who asks."""
    cast, place = person.cast, sample.path(route, person.cast).partition("/messages/")[0]
    answer = await person.send(f"{place}/messages", **a_message(cast))
    written = re.search(r'id="message-([^"]+)"', answer.text)
    assert answer.status_code == 201 and written, answer.text
    cast.message[cast.conversation[sample.conversation]] = written[1]


SAMPLES = {
    "GET /staff/inbox": Sample("miriam", 200),
    "GET /staff/inbox/new": Sample("miriam", 200),
    "POST /staff/inbox/search": Sample("miriam", 200, form=wishes(q="reyes"), script=True),
    "GET /staff/inbox/{conversation}": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/assignment": Sample("miriam", 303, form=put_on_it),
    "POST /staff/inbox/{conversation}/completion": Sample("miriam", 303, form=wishes(number=9999), sampled=True),
    "POST /staff/inbox/{conversation}/reopening": Sample("miriam", 303),
    "GET /staff/inbox/{conversation}/snooze": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/snooze": Sample("miriam", 303, form=wishes(when="tomorrow", number=9999)),
    "GET /staff/inbox/{conversation}/notes": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/notes": Sample("miriam", 303, form=a_note),
    "GET /staff/inbox/{conversation}/handover": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/handover": Sample("miriam", 303, form=handed_over, sampled=True),
    "POST /staff/inbox/{conversation}/waking": Sample("miriam", 303),
    "GET /staff/clients/{client}/conversations/{conversation}/readers": Sample("miriam", 200),
    "GET /clients/{client}/conversations/{conversation}/readers": Sample("dana", 200),
    "GET /staff/clients/{client}/messages": Sample("miriam", 200),
    "GET /staff/clients/{client}/conversations/new": Sample("miriam", 200),
    "POST /staff/clients/{client}/conversations": Sample("miriam", 303, client="lena", form=wishes(audience="billing")),
    "GET /staff/clients/{client}/conversations/{conversation}": Sample("miriam", 200),
    "POST /staff/clients/{client}/conversations/{conversation}/messages": Sample(
        "miriam", 201, form=a_message, script=True, sampled=True
    ),
    "POST /staff/clients/{client}/conversations/{conversation}/reading": Sample("miriam", 204, form=all_read),
    "GET /staff/clients/{client}/conversations/{conversation}/templates": Sample("miriam", 200),
    "GET /staff/templates": Sample("miriam", 200),
    "POST /staff/templates": Sample("miriam", 303, form=a_template, sampled=True),
    "GET /staff/templates/new": Sample("miriam", 200),
    "GET /staff/templates/{template}": Sample("miriam", 200, template="miriam"),
    "POST /staff/templates/{template}": Sample("miriam", 303, template="miriam", form=another_template),
    "POST /staff/templates/{template}/removal": Sample("miriam", 303, template="miriam"),
    "POST /staff/clients/{client}/conversations/{conversation}/search": Sample("miriam", 303, form=wishes(q="guinea")),
    "POST /staff/inbox/{conversation}/search": Sample("miriam", 303, form=wishes(q="guinea")),
    "POST /staff/clients/{client}/conversations/{conversation}/draft": Sample(
        "miriam", 204, form=a_draft, sampled=True
    ),
    "GET /staff/clients/{client}/conversations/{conversation}/messages/{message}": Sample("miriam", 200),
    "POST /staff/clients/{client}/conversations/{conversation}/messages/{message}": Sample(
        "miriam", 303, form=other_words, before=after_writing
    ),
    "POST /staff/clients/{client}/conversations/{conversation}/messages/{message}/withdrawal": Sample(
        "miriam", 303, before=after_writing
    ),
    "GET /clients/{client}/messages": Sample("dana", 200),
    "GET /clients/{client}/conversations/new": Sample("dana", 200),
    "POST /clients/{client}/conversations": Sample("dana", 303, form=wishes(audience="billing")),
    "GET /clients/{client}/conversations/{conversation}": Sample("dana", 200),
    "POST /clients/{client}/conversations/{conversation}/messages": Sample("dana", 201, form=a_message, script=True),
    "POST /clients/{client}/conversations/{conversation}/reading": Sample("dana", 204, form=all_read, sampled=True),
    "POST /clients/{client}/conversations/{conversation}/search": Sample("dana", 303, form=wishes(q="guinea")),
    "POST /clients/{client}/conversations/{conversation}/draft": Sample("dana", 204, form=a_draft),
    "GET /clients/{client}/conversations/{conversation}/messages/{message}": Sample("dana", 200),
    "POST /clients/{client}/conversations/{conversation}/messages/{message}": Sample(
        "dana", 303, form=other_words, before=after_writing, sampled=True
    ),
    "POST /clients/{client}/conversations/{conversation}/messages/{message}/withdrawal": Sample(
        "dana", 303, before=after_writing, sampled=True
    ),
    "POST /staff/settings/portal/messages": Sample("ada", 303, form=wishes(edit_minutes="20")),
}

# The permission or right that a door asks for, by its address.
ASKED = {
    r"\w+ /clients/{client}/(messages|conversations).*": Right.MESSAGES,
}


VERBS = Verbs()


@VERBS("a message comes about another child of the same mother", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli clinical"])
    await thread.post("The concert is at seven.", staff=UUID(cast.staff["miriam"]))


@VERBS("a message comes in a confidential thread", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli confidential"])
    await thread.post("A quiet word.", staff=UUID(cast.staff["miriam"]))


@VERBS("and is read there", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli confidential"])
    await thread.read(9999, account=UUID(cast.account["eli"]))


@VERBS("a message is answered, and then changed", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli clinical"])
    dana, first = UUID(cast.account["dana"]), uuid7()
    await thread.post("Is there parking?", account=dana, id=first)
    await thread.post("Behind the house.", staff=UUID(cast.staff["miriam"]), reply_to=first)


@VERBS("in other words", "eli")
async def _(cast: Cast) -> None:
    dana = UUID(cast.account["dana"])
    found = await Message.filter(account_id=dana, conversation_id=cast.conversation["eli clinical"]).order_by("-number")
    await found[0].edit("Is there anywhere to park?", dana, 15, UUID(cast.client["eli"]))


@VERBS("a conversation with the office begins, and is answered for the first time", "eli", sampled=True)
async def _(cast: Cast) -> None:
    thread = await Conversation.start(UUID(cast.client["eli"]), Audience.ADMINISTRATIVE, [], with_client=True)
    await thread.post("May I come ten minutes late?", account=UUID(cast.account["eli"]))
    await thread.post("Of course.", staff=UUID(cast.staff["jo"]))


@VERBS("the practice keeps a template")
async def _(cast: Cast) -> None:
    await Template.keep("The stairs", "Hello {name}, take the stairs.", None)


@VERBS("and changes it")
async def _(cast: Cast) -> None:
    kept = await Template.filter(staff_id=None).order_by("-id").first()
    assert kept is not None
    await kept.change("The lift", "Hello {name}, the lift waits.")


async def fill(cast: Cast) -> None:
    now, miriam, dana = clock.now(), cast.staff["miriam"], cast.account["dana"]
    thread = cast.conversation["noa clinical"]
    message = await Message.get(id=cast.message[thread])
    await sql.rows("update message set reply_to_id = :id", id=message.id)
    for holder in ({"staff_id": miriam, "reply_to_id": message.id}, {"account_id": dana}):
        draft = Draft(conversation_id=thread, body_sealed=b"", saved_at=now, **holder)
        draft.body = "Half a sentence"
        await draft.save(force_create=True)
    note = Note(conversation_id=thread, number=1, staff_id=miriam, handed_to=miriam, body_sealed=b"", written_at=now)
    note.body = "A word"
    await note.save(force_create=True)
    version = MessageVersion(message_id=message.id, body_sealed=b"", from_at=message.sent_at, until_at=now)
    version.body = "Something else"
    await version.save(force_create=True)
    await insert("automatic_reply", conversation_id=UUID(thread), closed_at=now)
    await sql.rows("update conversation set assigned_to = :by, done_by = :by, snoozed_by = :by", by=miriam)


# A statement for each check of a table, which refuses it.
BROKEN = {
    "conversation": [
        "update conversation set audience = 'everybody'",
        "update conversation set last_number = -1",
        "update conversation set last_side = 'outside'",
    ],
    "draft": ["update draft set staff_id = null, account_id = null"],
    "note": ["update note set number = 0"],
    "message": ["update message set number = 0", "update message set staff_id = null, account_id = null"],
    "message_version": ["update message_version set until_at = '1990-01-01 00:00:00+00:00'"],
    "participant": ["update participant set client_id = null, contact_id = null"],
    "reading": ["update reading set number = -1"],
    "reading_step": ["update reading_step set number = -1"],
}


PLACES = [
    Place("inbox", "miriam", "/staff/inbox"),
    Place("inbox, nothing", "newcomer", "/staff/inbox"),
    Place("new message", "miriam", "/staff/inbox/new"),
    Place("new message?", "miriam", "/staff/inbox", asked("[data-new]")),
    Place("new message, overfull", "wilhelmina", "/staff/inbox/new", offered("#recipient", "maxi", ".main .finds a")),
    Place("inbox, searched", "miriam", "/staff/inbox/{priya clinical}", searched("the")),
    Place("inbox, overfull", "wilhelmina", "/staff/inbox"),
    Place("inbox, filters", "miriam", "/staff/inbox?view=done", opened("#inbox-list-more > summary")),
    Place("inbox, nothing done", "newcomer", "/staff/inbox?view=done&audience=billing"),
    Place("inbox, conversation", "miriam", "/staff/inbox/{eli confidential}"),
    Place("inbox, conversation, overfull", "wilhelmina", "/staff/inbox/{maximiliana-theodora clinical}"),
    Place("inbox, hand over?", "miriam", "/staff/inbox/{noa clinical}", asked("[data-key=h]")),
    Place("inbox, note?", "miriam", "/staff/inbox/{noa clinical}", asked(".compose-head [href$=notes]")),
    Place("inbox, note without a dialog", "miriam", "/staff/inbox/{noa clinical}/notes"),
    Place("inbox, snooze?", "miriam", "/staff/inbox/{noa clinical}", asked("[data-key=s]")),
    Place("inbox, snooze without a dialog", "miriam", "/staff/inbox/{noa clinical}/snooze"),
    Place("templates", "miriam", "/staff/templates"),
    Place("templates, none", "newcomer", "/staff/templates"),
    Place(
        "new template, wrong", "ada", "/staff/templates/new", sent(("body", "{link}"), button=".welcome-text .primary")
    ),
    Place("template", "miriam", "/staff/templates/{template of miriam}"),
    Place(
        "choosing a template",
        "miriam",
        "/staff/clients/{noa}/conversations/{noa clinical}",
        asked(".compose-head [href$=templates]"),
    ),
    Place("conversations", "miriam", "/staff/clients/{noa}/messages"),
    Place("conversations, none", "wilhelmina", "/staff/clients/{silent}/messages"),
    Place("readers", "miriam", "/staff/clients/{noa}/conversations/{noa clinical}/readers"),
    Place(
        "readers, asked",
        "miriam",
        "/staff/clients/{noa}/conversations/{noa clinical}",
        asked(".thread-head .who-sees a"),
    ),
    Place("new conversation", "miriam", "/staff/clients/{noa}/conversations/new"),
    Place("new conversation, overfull", "wilhelmina", "/staff/clients/{maximiliana-theodora}/conversations/new"),
    Place("conversation", "miriam", "/staff/clients/{priya}/conversations/{priya clinical}"),
    Place("confidential conversation", "miriam", "/staff/clients/{eli}/conversations/{eli confidential}"),
    Place(
        "conversation, overfull",
        "wilhelmina",
        "/staff/clients/{maximiliana-theodora}/conversations/{maximiliana-theodora clinical}",
    ),
    Place("conversations", "dana", "/clients/{noa}/messages"),
    Place("conversations, none", "silent", "/clients/{silent}/messages"),
    Place("conversation, searched", "dana", "/clients/{noa}/conversations/{noa clinical}", searched("noa")),
    Place("conversation, nothing found", "dana", "/clients/{noa}/conversations/{noa clinical}", searched("kestrel")),
    Place("conversations, overfull", "hildegard", "/clients/{maximiliana-theodora}/messages"),
    Place("new conversation", "dana", "/clients/{noa}/conversations/new"),
    Place("new conversation, overfull", "hildegard", "/clients/{maximiliana-theodora}/conversations/new"),
    Place("conversation", "dana", "/clients/{noa}/conversations/{noa clinical}"),
    Place("readers", "dana", "/clients/{noa}/conversations/{noa clinical}/readers"),
    Place("confidential conversation", "eli", "/clients/{eli}/conversations/{eli confidential}"),
    Place(
        "conversation, overfull",
        "hildegard",
        "/clients/{maximiliana-theodora}/conversations/{maximiliana-theodora clinical}",
    ),
]

BREAKAGES = [
    Breakage(
        MAPPING,
        "what a client may write is shown by the head of a conversation",
        "portal/regions/messages/head.py",
        "on=(OfChart, OfStaff, OfficeTurned))\nasync def head",
        "on=(OfStaff, OfficeTurned))\nasync def head",
        live("POST /staff/clients/{client}/messaging"),
    ),
    Breakage(
        MAPPING,
        "what is done with a conversation is shown beside it",
        "portal/regions/messages/handling.py",
        "on=(MessageSent, OfTriage, OfChart, OfStaff),\n)\nasync def handling",
        "on=(MessageSent, OfChart, OfStaff),\n)\nasync def handling",
        live("POST /staff/inbox/{conversation}/assignment"),
    ),
    Breakage(
        MAPPING,
        "what was edited is edited on pages that show it",
        "portal/regions/messages/stream.py",
        "on=(MessageSent, MessagesSeen, OfMessage),\n    stream",
        "on=(MessageSent, MessagesSeen),\n    stream",
        live("POST /clients/{client}/conversations/{conversation}/messages/{message}"),
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
        "only whom one can write to is offered for a new message",
        "portal/regions/messages/recipient_finder.py",
        'if row["id"] in open_to_me]',
        "if open_to_me or True]",
        test("people/test_finding.py::test_only_whom_one_may_write_to_is_offered_for_a_new_message"),
    ),
    Breakage(
        MAPPING,
        "what is done with a conversation takes it off Today",
        "portal/regions/today.py",
        'on=(OfThreadList, OfTriage, OfChart),\n    slots=("today",)',
        'on=(OfThreadList, OfChart),\n    slots=("today",)',
        live("POST /staff/inbox/{conversation}/completion"),
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
        SCOPE,
        "an automatic reply is the last word of no list",
        "portal/models/messages/conversation.py",
        '"" if automatic else "last_said = last_number + 1, last_side',
        '"last_said = last_number + 1, " if automatic else "last_said = last_number + 1, last_side',
        test("practice/test_availability.py::test_an_automatic_reply_is_the_line_of_no_list"),
    ),
    Breakage(
        MAPPING,
        "somebody signs up, and what was kept for them is sent",
        "portal/regions/mail/delivery_status.py",
        "on=(LetterOnItsWay, MessageSent, OfChart, OfInvitation, OfStaff)",
        "on=(LetterOnItsWay, MessageSent, OfStaff)",
        test("access/test_live.py::test_what_is_written_to_somebody_who_cant_read_it_is_kept_until_they_can"),
    ),
    Breakage(
        ANNOUNCE,
        "a message was edited",
        "portal/models/messages/message.py",
        "        await announce(MessageEdited(client=client, conversation=self.conversation_id, number=self.number))",
        "        pass",
        live("in other words"),
    ),
    Breakage(
        TWO,
        "what another device wrote in the same draft",
        "portal/models/messages/draft.py",
        "if kept.id == begun_on or choice:",
        "if kept.id == begun_on or body.strip():",
        test("messages/test_drafts.py::test_a_device_that_was_away_overwrites_nothing"),
    ),
    Breakage(
        ANNOUNCE,
        "half a message was kept for one's other pages",
        "portal/models/messages/draft.py",
        "            await announce(DraftChanged(conversation=conversation, staff=staff, account=account))",
        "            pass",
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
    Breakage(
        SCOPE,
        "a chart's list of conversations is of that client",
        "portal/regions/messages/threads.py",
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
        "a page of a conversation has its messages alone",
        "portal/models/messages/message.py",
        'messages.where("r.conversation_id = :conversation", conversation=conversation)\n'
        '        .where("r.number < :before"',
        'messages.where("r.number < :before"',
        live("POST /staff/clients/{client}/conversations/{conversation}/messages"),
    ),
]
