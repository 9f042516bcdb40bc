"""The rules of who sees what, and who may do what, as SQL: each is a function from the names of rows, or from
expressions for ids, to a condition over them, with the places `:viewer`, `:client` and `:now`.

Rules need each other wherever records do: a chart is seen through an access, a conversation through a chart. So they
stand together, below all records, and a record's `visible_to` asks here.
"""

from __future__ import annotations

from portal.models.ground.record import Kind, live
from portal.permissions import Audience, Permission, Restriction, Right

# --- What somebody of the practice is -----------------------------------------------------------


def works_here(staff: str) -> str:
    """Ask whether the staff member with this id is still employed."""
    return f"exists (select 1 from staff_member wh where wh.id = {staff} and wh.ended_at is null)"


def holds(staff: str, permission: Permission) -> str:
    """Ask whether the staff member with this id holds a permission."""
    return holds_key(staff, f"'{permission.key}'")


def holds_key(staff: str, permission: str) -> str:
    """Ask whether the staff member with this id holds the permission of this key (an SQL expression)."""
    return f"exists (select 1 from staff_permission hp where hp.staff_id = {staff} and hp.permission = {permission})"


def stands_in(viewer: str, staff: str) -> str:
    """Ask whether the viewer covers for the staff member with this id, who is away now (leave.py)."""
    return (
        f"exists (select 1 from leave sl where sl.cover_id = {viewer} and sl.staff_id = {staff} "
        "and sl.from_at <= :now and sl.until_at > :now)"
    )


# --- What a link between a contact and a client allows ---------------------------------------------


def acts(link: str) -> str:
    """Ask whether the contact may act for the client at all: the link lives, no order keeps them away altogether, and
    the contact network is on."""
    return f"({live(link)} and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"


def acted(link: str) -> str:
    """Ask whether the contact acted until the client came of age, and would again if it were not for that."""
    return (
        f"({link}.of_age_at is not null and {link}.until_at = {link}.of_age_at and {link}.until_at <= :now "
        f"and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"
    )


def allows(link: str, right: Right) -> str:
    """Ask whether the contact may do this for the client: they hold the right, and no restriction takes it from them
    now."""
    stops = [restriction for restriction in Restriction if right not in restriction.leaves]
    kept = " and ".join(_not_yet(link, one) for one in stops)
    return f"({link}.{right.value} and {live(link)} and {kept} and {_network_is_on(link)})"


def leads(invitation: str) -> str:
    """Ask whether an invitation still leads somewhere, apart from its own life: the chart is in use, the address is the
    one on file, and the contact may act for the client, as when it was sent."""
    return (
        "exists (select 1 from client lc left join contact_link ll "
        f"on ll.id = {invitation}.contact_link_id left join contact lk on lk.id = ll.contact_id "
        f"where lc.id = {invitation}.client_id and lc.archived_at is null "
        f"and ({invitation}.contact_link_id is null and lc.email_key = {invitation}.email_key "
        f"or lk.email_key = {invitation}.email_key and {acts('ll')}))"
    )


def _network_is_on(link: str) -> str:
    """Ask whether the contact network is on for the practice, which a database asks once for all rows, and for the
    client."""
    return (
        "not exists (select 1 from practice zp where not zp.contact_network) "
        f"and exists (select 1 from client zc where zc.id = {link}.client_id and zc.contact_network)"
    )


def _not_yet(link: str, restriction: Restriction) -> str:
    column = f"{link}.{restriction.column}"
    return f"({column} is null or {column} > :now)"


# --- Who sees a client ------------------------------------------------------------------------------


def client_is_seen(kind: Kind, r: str) -> str:
    """Ask whether client `r` is seen. Staff see their own clients, their supervisees', those of a colleague for whom
    they cover, or all by permission. Accounts see a client through a live access, while the client is not archived and
    the fields an invitation needs are still on file (A2)."""
    if kind is Kind.STAFF:
        return staff_see(f"{r}.id")
    rule = (
        f"{r}.archived_at is null and {r}.date_of_birth_sealed is not null "
        f"and exists (select 1 from access va left join contact_link vl on vl.id = va.contact_link_id "
        f"left join contact vk on vk.id = vl.contact_id "
        f"where va.account_id = :viewer and va.client_id = {r}.id and {live('va')} "
        f"and (vl.id is null and {r}.email_key is not null "
        f"or vk.email_key is not null and {acts('vl')}))"
    )
    return f"{r}.id = :client and {rule}" if kind is Kind.PROFILE else rule


def staff_see(client: str, staff: str = ":viewer") -> str:
    """Ask whether the staff member with this id sees the client with that id: where a list of many needs nothing else
    of the client."""
    return (
        f"{works_here(staff)} and ({holds(staff, Permission.SEE_ALL_CLIENTS)} or exists "
        f"(select 1 from care_team vt where vt.client_id = {client} and {live('vt')} "
        f"and (vt.staff_id = {staff} or exists (select 1 from staff_member vs "
        f"where vs.id = vt.staff_id and vs.supervisor_id = {staff}) "
        f"or {stands_in(staff, 'vt.staff_id')})))"
    )


def sees_client(kind: Kind, client: str) -> str:
    """Ask whether the viewer sees the client with this id."""
    return f"exists (select 1 from client sc where sc.id = {client} and {client_is_seen(kind, 'sc')})"


def account_sees(client: str, account: str) -> str:
    """Ask whether the account with this id sees the client with that id now."""
    return sees_client(Kind.ACCOUNT, client).replace(":viewer", account)


def within_reach(kind: Kind, client: str) -> str:
    """Return a wider condition than the rule of who sees a client, by which a database finds its way: the clients a
    viewer could see at all, asked of the viewer's side once. A list over all clients says it beside the rule, which
    alone is asked of every row there is: 2.6 ms instead of 0.1 for one account among a thousand."""
    if kind is Kind.PROFILE:
        return f"{client} = :client"
    if kind is Kind.ACCOUNT:
        return f"{client} in (select wa.client_id from access wa where wa.account_id = :viewer)"
    return (
        f"({holds(':viewer', Permission.SEE_ALL_CLIENTS)} or {client} in "
        "(select wt.client_id from care_team wt where wt.staff_id "
        "in (select :viewer union all select ws.id from staff_member ws where ws.supervisor_id = :viewer "
        "union all select wl.staff_id from leave wl where wl.cover_id = :viewer)))"
    )


def access_is_seen(kind: Kind, r: str) -> str:
    """Ask whether access `r` is seen: by staff who may see the client, and by its own account while it lives."""
    seen = sees_client(kind, f"{r}.client_id")
    return seen if kind is Kind.STAFF else f"{r}.account_id = :viewer and {live(r)} and {seen}"


def right_of(account: str, right: Right) -> str:
    """Ask whether the account with this id holds a right for the client `:client`: 1 or 0; null where it doesn't see
    them."""
    rule = access_is_seen(Kind.PROFILE, "h").replace(":viewer", account)
    return (
        f"select max(case when h.contact_link_id is null or {allows('hl', right)} then 1 else 0 end) as held "
        "from access h left join contact_link hl on hl.id = h.contact_link_id "
        f"where h.client_id = :client and {rule}"
    )


# --- Who reads a conversation ---------------------------------------------------------------------


def conversation_is_seen(kind: Kind, r: str) -> str:
    """Ask whether conversation `r` is seen. Staff need to see the client and hold the permission for its audience.
    Accounts need a live access whose person takes part, and a contact the right to messages. A confidential one has
    only the client as participant."""
    if kind is Kind.STAFF:
        return f"({_may_read(r)}) and {staff_see(f'{r}.client_id')}"
    rule = (
        f"exists (select 1 from access oa join client oc on oc.id = oa.client_id "
        f"join participant op on op.conversation_id = {r}.id "
        f"left join contact_link ol on ol.id = oa.contact_link_id "
        f"where oa.account_id = :viewer and oa.client_id = {r}.client_id and {live('oa')} "
        f"and {client_is_seen(Kind.ACCOUNT, 'oc')} and {takes_part('oa', 'op', 'ol')})"
    )
    return f"{r}.client_id = :client and {rule}" if kind is Kind.PROFILE else rule


def _may_read(r: str) -> str:
    """Ask whether the viewer holds the permission for its audience. Each audience is named by itself, because a
    database asks that once and not of every row."""
    return " or ".join(
        f"{r}.audience = '{audience.key}' and " + holds(":viewer", audience.permission) for audience in Audience
    )


def takes_part(access: str, participant: str, link: str) -> str:
    """Ask whether by this access, and its link where there is one, an account reads what this participant takes part
    in."""
    return (
        f"(({link}.id is null and {participant}.client_id = {access}.client_id) or "
        f"({participant}.contact_id = {link}.contact_id and {allows(link, Right.MESSAGES)}))"
    )


def sees_conversation(kind: Kind, conversation: str) -> str:
    """Ask whether the viewer sees the conversation with this id."""
    return f"exists (select 1 from conversation sv where sv.id = {conversation} and {conversation_is_seen(kind, 'sv')})"


# --- What is news -----------------------------------------------------------------------------------


def is_news(message: str) -> str:
    """Ask whether this message is one to tell people of: somebody wrote it, and it stands."""
    return f"{message}.withdrawn_at is null and not {message}.automatic"


def has_news(burst: str) -> str:
    """Ask whether this burst still has something to tell: a message of others that stands and that its reader has not
    read."""
    return (
        f"exists (select 1 from message m where m.conversation_id = {burst}.conversation_id and {is_news('m')} "
        f"and case when {burst}.side = 'staff' then m.account_id is not null "
        f"else coalesce(m.account_id, m.staff_id) <> {burst}.reader_id end "
        f"and m.number > coalesce((select d.number from reading d where d.conversation_id = {burst}.conversation_id "
        f"and d.reader_id = {burst}.reader_id), 0) and m.number <= coalesce({burst}.to_number, m.number))"
    )
