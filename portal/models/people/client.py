"""Clients: people in care, their chart, and the team that cares for them."""

import datetime as dt
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from portal import clock
from portal.facts import CareTeamChanged, ClientAdded, MessagingSet
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.person import a_name, an_address, canonical_email, colour_for, folded, words_of
from portal.models.ground.record import Kind, Lasting, Record, Sealed, live, opened_day, unreadable, write_anew
from portal.models.ground.rules import care_team_is_seen, client_is_seen, holds, works_here
from portal.models.ground.scope import M, Scope
from portal.models.notices.kinds import NoticeKind, call_off
from portal.models.practice.practice import keep_settings
from portal.permissions import Permission


class Client(Record):
    first_name = fields.CharField(max_length=60, validators=[a_name])
    last_name = fields.CharField(max_length=60, validators=[a_name])
    search = fields.CharField(max_length=260)  # names as the search box compares them
    sorting = fields.CharField(max_length=130)
    email = fields.CharField(max_length=254, null=True, validators=[an_address])
    email_key = fields.CharField(max_length=254, null=True)
    date_of_birth_sealed = fields.BinaryField(null=True)
    phone_sealed = fields.BinaryField(null=True)
    address_sealed = fields.BinaryField(null=True)
    colour = fields.CharField(max_length=12)
    added_at = fields.DatetimeField(default=clock.now)
    archived_at = fields.DatetimeField(null=True)
    messaging = fields.CharField(max_length=8, default="on")  # what the client's side may write: on, reply, off
    of_age_settled = fields.DatetimeField(null=True)  # the coming of age for which staff have done what is to do
    contact_network = fields.BooleanField(default=True)  # off: no contact acts for them

    date_of_birth = Sealed()
    phone = Sealed()
    address = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        return client_is_seen(kind, r)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def born(self) -> dt.date | None:
        return dt.date.fromisoformat(self.date_of_birth) if self.date_of_birth else None

    @property
    def born_if_known(self) -> dt.date | None:
        """Return the date of birth; None also where it can't be opened. A decision that would turn out otherwise for a
        minor asks `birth_unreadable` too."""
        return opened_day(Client, "date_of_birth_sealed", self.id, self.date_of_birth_sealed)

    @property
    def birth_unreadable(self) -> bool:
        """Tell whether there is a date of birth that can't be opened: nobody can tell how old they are."""
        return bool(unreadable(self, "date_of_birth"))

    @classmethod
    async def add(cls, details: dict[str, Any], therapist: UUID | None) -> "Client":
        """Add a client, with a first member of the care team where one is named."""
        client = cls(colour="slate", first_name="", last_name="", search="", sorting="")
        client.colour = colour_for(client.id)
        client._take(details)
        await client.save(force_create=True)
        if therapist is not None:
            await CareTeam.create(client_id=client.id, staff_id=therapist, lead=True)
        await announce(ClientAdded(client=client.id, staff=therapist))
        return client

    @classmethod
    async def lock(cls, id: UUID) -> None:
        """Lock the practice's settings before the client: they say when somebody comes of age, and stay as they are
        meanwhile. Code that locks more locks in this order: practice, client, contact, link, access."""
        await keep_settings()
        await super().lock(id)

    async def keep(self, details: dict[str, Any]) -> None:
        """Save the fields of the chart: this row alone; see `changed_details.change_client` for what hangs on it."""
        self._take(details)
        await self.save(update_fields=_DETAILS)

    def on_file(self) -> set[str]:
        """Return the fields that an invitation needs and that are filled in."""
        return {name for name in ("email_key", "date_of_birth_sealed") if getattr(self, name) is not None}

    async def set_messaging(self, mode: str) -> None:
        """Set how far the client's side may write: all (`on`), answers only (`reply`), nothing (`off`)."""
        await self.hold()
        if self.messaging != mode:
            self.messaging = mode
            await self.save(update_fields=["messaging"])
            await announce(MessagingSet(client=self.id))

    def _take(self, details: dict[str, Any]) -> None:
        self.first_name, self.last_name = details["first_name"], details["last_name"]
        self.search = folded(f"{self.first_name} {self.last_name} {self.first_name}".strip())[:260]
        self.sorting = folded(f"{self.last_name} {self.first_name}".strip())[:130]
        self.email = details.get("email") or None
        self.email_key = canonical_email(details["email"]) if self.email else None
        for name in SEALED:
            write_anew(self, name, str(details.get(name) or ""))


SEALED = ("date_of_birth", "phone", "address")
# What `_take` sets.
_DETAILS = [
    *("first_name", "last_name", "search", "sorting", "email", "email_key"),
    *(f"{name}_sealed" for name in SEALED),
]


class CareTeam(Lasting):
    client_id = fields.UUIDField()
    staff_id = fields.UUIDField()
    lead = fields.BooleanField(default=False)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        return care_team_is_seen(kind, f"{r}.client_id")

    @classmethod
    async def join_team(cls, client: UUID, staff: UUID, lead: bool = False) -> None:
        """Make someone part of a client's care team; twice is once."""
        try:
            async with in_transaction():
                await cls.create(client_id=client, staff_id=staff, lead=lead)
        except IntegrityError:
            return
        await announce(CareTeamChanged(client=client, staff=staff))

    async def lead_care(self, yes: bool) -> None:
        """Note that this colleague leads the care, or no more: this row alone; see `departure.take_over`."""
        if self.lead is not yes:
            await self.hold()
            self.lead = yes
            await self.save(update_fields=["lead"])

    async def end(self) -> None:
        await self.hold()
        self.until_at = clock.now()
        await self.save(update_fields=["until_at"])
        await call_off(NoticeKind.IN_CARE, self.client_id, only=self.staff_id)
        await announce(CareTeamChanged(client=self.client_id, staff=self.staff_id))


async def team_of(teams: Scope[CareTeam], clients: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the staff who care for each of these clients, the lead first: id, name, role, and
    whether they lead."""
    members = await (
        teams.where("r.client_id = any(:clients)", clients=clients)
        .where(live("r"))
        .join("join staff_member s on s.id = r.staff_id")
        .order("r.lead desc, r.from_at, r.id")
        .columns("r.id, r.client_id, r.lead, s.id as staff_id, s.name, s.role")
    )
    teams_by_client: dict[UUID, list[dict[str, Any]]] = {client: [] for client in clients}
    for row in members:
        teams_by_client[row["client_id"]].append(row)
    return teams_by_client


async def who_cares(client: UUID) -> list[UUID]:
    """Return the care team; or where there is none, those who see all clients and manage portal access."""
    team = await sql.column(
        f"select t.staff_id from care_team t where t.client_id = :client and {live('t')}",
        client=client,
        now=clock.now(),
    )
    return team or await sql.column(_MANAGERS)


_MANAGERS = (
    f"select s.id from staff_member s where {works_here('s.id')} "
    f"and {holds('s.id', Permission.SEE_ALL_CLIENTS)} and {holds('s.id', Permission.PORTAL_ACCESS)}"
)


PAGE = 50


def plain(word: str) -> str:
    """Return a word as a pattern of `like` takes it: none of its signs stands for others."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def by_name(people: Scope[M], column: str, words: str) -> Scope[M]:
    """Narrow to those in whose name each of these words stands, be it within another; six are enough."""
    for letter, word in zip("abcdef", words_of(words), strict=False):
        people = people.where(f"{column} like :word{letter} escape '\\'", **{f"word{letter}": f"%{plain(word)}%"})
    return people


async def clients_named(clients: Scope[Client], words: str, most: int) -> list[dict[str, Any]]:
    """Return clients of this name who are not archived, by last name: id, names, colour, sealed date of birth."""
    return await (
        by_name(clients.where("r.archived_at is null"), "r.search", words)
        .order("r.sorting, r.id")
        .columns("r.id, r.first_name, r.last_name, r.colour, r.date_of_birth_sealed", most)
    )


async def page_of_clients(
    clients: Scope[Client], words: str, archived: bool, after: str | None, before: str | None, more: str
) -> tuple[list[dict[str, Any]], bool, bool]:
    """Return one keyset page of clients by last name: the rows, whether there are earlier ones, and later ones.

    `after` and `before` are places: the sorting name and the id of a row, joined by a line feed. `more` is a column
    that the list has besides.
    """
    wanted = by_name(clients.where(f"r.archived_at is {'not ' if archived else ''}null"), "r.search", words)
    backwards = before is not None
    start = before if backwards else after
    if start is not None:
        name, _, id = start.partition("\n")
        wanted = wanted.where(
            f"(r.sorting, r.id) {'<' if backwards else '>'} (:place_name, :place_id)",
            place_name=name,
            place_id=UUID(id),
        )
    order = "r.sorting desc, r.id desc" if backwards else "r.sorting, r.id"
    rows = await wanted.order(order).columns(
        f"r.id, r.first_name, r.last_name, r.sorting, r.colour, r.date_of_birth_sealed, r.archived_at, {more}",
        limit=PAGE + 1,
    )
    further, rows = len(rows) > PAGE, rows[:PAGE]
    if backwards:
        return rows[::-1], further, True
    return rows, after is not None, further
