"""A push asks once for all its readers, and each is answered as if they had asked alone."""

import re

from portal.models.access.account import PortalAccount
from portal.models.ground import sql
from portal.models.ground.record import Kind, Record
from portal.models.ground.scope import Asked, Scope, who_may_see
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import messages_after
from portal.models.people.client import Client
from portal.models.staff.staff_member import StaffMember
from portal.regions import Ask
from portal.regions.messages.stream import messages
from portal.viewer import Viewer


async def alone(model: type[Record], kind: Kind, asked: Asked) -> bool:
    viewer, client, row = asked
    return await Scope(model, kind, viewer, client).find(row) is not None


async def test_each_is_answered_as_if_they_had_asked_alone(practice: None) -> None:
    conversations = [row.id async for row in Conversation.all()]
    staff = [row.id async for row in StaffMember.all()]
    clients = {row.id: row.client_id async for row in Conversation.all()}
    accounts = [row.id async for row in PortalAccount.all()]
    questions: dict[Kind, list[Asked]] = {
        Kind.STAFF: [(viewer, None, row) for viewer in staff for row in conversations],
        Kind.PROFILE: [(viewer, clients[row], row) for viewer in accounts for row in conversations],
        Kind.ACCOUNT: [(viewer, None, row) for viewer in accounts for row in conversations],
    }
    for kind, asks in questions.items():
        together = await who_may_see(Conversation, kind, asks)
        assert together, f"no {kind.value} sees anything: this test would show nothing"
        assert together < set(asks), f"every {kind.value} sees everything: this test would show nothing"
        for asked in asks[:: max(1, len(asks) // 60)]:
            assert (asked in together) == await alone(Conversation, kind, asked)


async def test_each_conversation_is_read_from_its_own_number_on(practice: None) -> None:
    two = [row async for row in Conversation.filter(last_number__gt=3).limit(2)]
    first, second = two
    found = await messages_after({first.id: first.last_number - 1, second.id: 2}, limit=2)
    assert [m["number"] for m in found[first.id]] == [first.last_number - 1, first.last_number]
    assert [m["number"] for m in found[second.id]] == [2, 3]
    assert {m["conversation_id"] for m in found[second.id]} == {second.id}


async def test_readers_of_two_conversations_get_each_its_own_news(practice: None) -> None:
    asks = await _readers()
    stream = messages.stream
    assert stream is not None
    together = await stream.since(asks)
    assert len(together) == len(asks) > 2
    for ask in asks:
        assert together[ask] == (await stream.since([ask]))[ask]
        assert together[ask].items.count('<li class="msg') == 2
    stranger = (asks[0][0], asks[-1][1], 0, frozenset[int]())
    assert await stream.since([stranger]) == {}


async def test_what_has_changed_is_sent_beside_what_is_new(practice: None) -> None:
    """Near the end or far from it, before what the page has or after it: each once, in order."""
    stream = messages.stream
    assert stream is not None
    row = await sql.row("select id, last_number from conversation order by last_number desc limit 1")
    assert row and row["last_number"] > 100
    (staff,) = [m.id async for m in StaffMember.filter(name__startswith="Miriam")]
    viewer, last = Viewer(Kind.STAFF, staff), row["last_number"]
    nothing = set[int]()
    near = [(last - 1, changed) for changed in ({3}, {3, last - 2}, {last - 3}, nothing)]
    behind = [(last - 4, changed) for changed in ({last}, {last - 1, last}, {last - 3}, {3, last}, nothing)]
    for cursor, changed in near + behind:
        ask = (viewer, row["id"], cursor, frozenset(changed))
        fresh = (await stream.since([ask]))[ask]
        numbers = [int(n) for n in re.findall(r'data-number="(\d+)"', fresh.items)]
        assert numbers == sorted({*changed, *range(cursor + 1, last + 1)}), (cursor, changed)
        assert fresh.cursor == last and not fresh.more


async def _readers() -> list[Ask]:
    """Staff and accounts who may read, each with a page that lacks the last two messages."""
    found = await sql.rows(
        "select v.id, v.client_id, v.last_number, t.staff_id, a.account_id from conversation v "
        "join care_team t on t.client_id = v.client_id and t.until_at is null "
        "join access a on a.client_id = v.client_id and a.contact_link_id is null and a.until_at is null "
        "where v.audience = 'clinical' and v.last_number > 2 order by v.id"
    )
    asks: list[Ask] = []
    for row in found:
        id, client = row["id"], row["client_id"]
        staff, account = row["staff_id"], row["account_id"]
        if not await Client.exists(id=client, archived_at=None):
            continue
        for viewer in (Viewer(Kind.STAFF, staff), Viewer(Kind.PROFILE, account, client)):
            if await viewer.see(Conversation).find(id) is not None:
                asks.append((viewer, id, row["last_number"] - 2, frozenset[int]()))
    return sorted(set(asks), key=lambda ask: (ask[0].kind is Kind.STAFF, str(ask[1])))
