"""The part of the inbox that is looked at, as its address says it."""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from portal.models.messages.inbox import Place, View
from portal.permissions import Audience

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class InboxFilter:
    """The part of the inbox that a list shows. It stands in the address as ids and words of ours alone."""

    view: View = View.ALL
    audience: Audience | None = None
    client: UUID | None = None
    after: Place | None = None

    @classmethod
    def read(cls, view: str | None, audience: str | None, client: UUID | None, after: str | None) -> "InboxFilter":
        """As an address says it; what is no word of ours says nothing."""
        views = {view.value: view for view in View}
        audiences = {audience.key: audience for audience in Audience}
        return cls(views.get(view or "", View.ALL), audiences.get(audience or ""), client, _place(after or ""))

    @property
    def args(self) -> dict[str, Any]:
        """The arguments of the list's region; those that say nothing are left out of its key."""
        return {
            "view": None if self.view is View.ALL else self.view.value,
            "audience": self.audience.key if self.audience else None,
            "client": self.client,
            "after": _token(self.after) if self.after else None,
        }

    def href(self, conversation: UUID | None = None, **other: Any) -> str:
        """The address of this, or of it with something else, with a conversation open in it or none."""
        part = dataclasses.replace(self, **({"after": None} | other)) if other else self
        return f"/staff/inbox/{conversation}{part._query}" if conversation else f"/staff/inbox{part._query}"

    @cached_property
    def _query(self) -> str:
        given = {name: value for name, value in self.args.items() if value is not None}
        return f"?{urlencode(given)}" if given else ""


def _token(place: Place) -> str:
    return f"{(place[0] - EPOCH) // MICROSECOND}.{place[1]}"


def _place(token: str) -> Place | None:
    time, _, id = token.partition(".")
    try:
        return EPOCH + int(time) * MICROSECOND, UUID(id)
    except (ValueError, OverflowError):
        return None
