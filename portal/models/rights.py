"""What a link between a contact and a client allows at this moment, as SQL: the one place where rights, dates and
restrictions meet. Every rule of who sees what for a client asks here."""

from __future__ import annotations

from portal.models.record import live
from portal.permissions import Restriction, Right


def acts(link: str) -> str:
    """The contact may act for the client at all: the link lives, no order keeps them away altogether, and the
    contact network is on."""
    return f"({live(link)} and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"


def acted(link: str) -> str:
    """The contact acted until the client came of age, and would again if it were not for that."""
    return (
        f"({link}.of_age_at is not null and {link}.until_at = {link}.of_age_at and {link}.until_at <= :now "
        f"and {_not_yet(link, Restriction.NO_CONTACT)} and {_network_is_on(link)})"
    )


def allows(link: str, right: Right) -> str:
    """The contact may do this for the client: they hold the right, and no restriction takes it from them now."""
    stops = [restriction for restriction in Restriction if right not in restriction.leaves]
    kept = " and ".join(_not_yet(link, one) for one in stops)
    return f"({link}.{right.value} and {live(link)} and {kept} and {_network_is_on(link)})"


def leads(invitation: str) -> str:
    """An invitation leads somewhere still, apart from its own life: what it took to send it holds. The chart is in use,
    the address is the one on file, and the contact may act for the client."""
    return (
        "exists (select 1 from client lc left join contact_link ll "
        f"on ll.id = {invitation}.contact_link_id left join contact lk on lk.id = ll.contact_id "
        f"where lc.id = {invitation}.client_id and lc.archived_at is null "
        f"and ({invitation}.contact_link_id is null and lc.email_key = {invitation}.email_key "
        f"or lk.email_key = {invitation}.email_key and {acts('ll')}))"
    )


def _network_is_on(link: str) -> str:
    """For the practice, which a database asks once for all rows, and for the client."""
    return (
        "not exists (select 1 from practice zp where not zp.contact_network) "
        f"and exists (select 1 from client zc where zc.id = {link}.client_id and zc.contact_network)"
    )


def _not_yet(link: str, restriction: Restriction) -> str:
    column = f"{link}.{restriction.column}"
    return f"({column} is null or {column} > :now)"
