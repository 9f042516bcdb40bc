"""The rules of who sees what, and who may do what, as SQL: each is a function from the names of rows, or from
expressions for ids, to a condition over them, with the places `:viewer`, `:client` and `:now`.

Rules need each other wherever records do: a chart is seen through an access, a conversation through a chart. So they
stand together, below all records, and a record's `visible_to` asks here.
"""

from portal.models.ground.record import Kind, live
from portal.permissions import CARE, Audience, Permission, Restriction, Right, Rights

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


def colleague_with(permission: Permission) -> str:
    """Ask whether the viewer works here and holds a permission."""
    return f"{works_here(':viewer')} and {holds(':viewer', permission)}"


def staff_only(kind: Kind, rule: str) -> str:
    """Keep a rule for staff; nobody else sees anything by it."""
    return rule if kind is Kind.STAFF else "false"


def is_viewers(kind: Kind, r: str) -> str:
    """Ask whether row `r` belongs to the viewer: by its `staff_id` or its `account_id`."""
    return f"{r}.{'staff_id' if kind is Kind.STAFF else 'account_id'} = :viewer"


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


def allows(link: str, right: Rights) -> str:
    """Ask whether the contact may do this for the client, or any of these: they hold the right, and no restriction
    takes it from them now."""
    if isinstance(right, frozenset):
        return f"({' or '.join(allows(link, one) for one in Right if one in right)})"
    stops = [restriction for restriction in Restriction if right not in restriction.leaves]
    kept = " and ".join(_not_yet(link, one) for one in stops)
    return f"({link}.{right.value} and {live(link)} and {kept} and {_network_is_on(link)})"


def is_open(link: str) -> str:
    """Ask whether the link of an invitation or a reset can still be used: it was not, has not been ended, nor has it
    expired."""
    return f"({link}.used_at is null and {link}.ended_at is null and {link}.expires_at > :now)"


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
    reached = f"(vl.id is null and {r}.email_key is not null or vk.email_key is not null and {acts('vl')})"
    rule = f"{r}.archived_at is null and {r}.date_of_birth_sealed is not null and " + by_access(
        f"{r}.id", "v", reached, "left join contact vk on vk.id = vl.contact_id"
    )
    return f"{r}.id = :client and {rule}" if kind is Kind.PROFILE else rule


def by_access(client: str, name: str, condition: str, joins: str = "") -> str:
    """Ask whether the viewer's account has a live access to the client with this id for which the condition holds. Its
    row is `<name>a`, and `<name>l` the link of a contact; in person there is none."""
    access, link = f"{name}a", f"{name}l"
    return (
        f"exists (select 1 from access {access} left join contact_link {link} on {link}.id = {access}.contact_link_id "
        f"{joins} where {access}.account_id = :viewer and {access}.client_id = {client} and {live(access)} "
        f"and {condition})"
    )


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


def sees_a_client(kind: Kind, table: str, tie: str) -> str:
    """Ask whether the viewer sees a client of one of these rows, named `tie`: what ties them is said of that."""
    return f"exists (select 1 from {table} tie where {tie} and {sees_client(kind, 'tie.client_id')})"


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


def care_team_is_seen(kind: Kind, client: str) -> str:
    """Ask whether the viewer may know who cares for the client with this id: staff who see the client, the client, and
    contacts who take part in the care."""
    care = f"(tl.id is null or {allows('tl', CARE)})"
    seen = sees_client(kind, client)
    return seen if kind is Kind.STAFF else f"{seen} and {by_access(client, 't', care)}"


def right_of(account: str, right: Rights) -> str:
    """Ask whether the account with this id holds a right, or any of several, for the client `:client`: 1 or 0; null
    where it doesn't see them."""
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
    rule = by_access(
        f"{r}.client_id",
        "o",
        f"{client_is_seen(Kind.ACCOUNT, 'oc')} and {takes_part('oa', 'op', 'ol')}",
        f"join client oc on oc.id = oa.client_id join participant op on op.conversation_id = {r}.id",
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


def client_side_reads(r: str) -> str:
    """Ask whether anybody of the client's side reads conversation `r` now."""
    return (
        f"exists (select 1 from participant gp join access ga on ga.client_id = {r}.client_id "
        f"left join contact_link gl on gl.id = ga.contact_link_id where gp.conversation_id = {r}.id and {live('ga')} "
        f"and {takes_part('ga', 'gp', 'gl')} and {account_sees('ga.client_id', 'ga.account_id')})"
    )


def sees_conversation(kind: Kind, conversation: str) -> str:
    """Ask whether the viewer sees the conversation with this id."""
    return f"exists (select 1 from conversation sv where sv.id = {conversation} and {conversation_is_seen(kind, 'sv')})"


# --- What is news -----------------------------------------------------------------------------------


def is_news(message: str) -> str:
    """Ask whether this message is one to tell people of: somebody wrote it, and it stands."""
    return f"{message}.withdrawn_at is null and not {message}.automatic"


def news_to(reader: str, conversation: str, after: str) -> str:
    """Return SQL, for after a `select`, for the news `nm` in a conversation beyond a number: what others wrote."""
    return (
        f"from message nm where nm.conversation_id = {conversation} and nm.number > {after} and {is_news('nm')} "
        f"and coalesce(nm.account_id, nm.staff_id) <> {reader}"
    )


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
