"""Contacts: parents, guardians, partners and payers, and what each may do for a client."""

from __future__ import annotations

from tortoise import fields

from portal.facts import ClientChanged
from portal.models.client import Client
from portal.models.fact import announce
from portal.models.person import canonical_email
from portal.models.record import Kind, Lasting, Record, Sealed
from portal.permissions import Right


class Contact(Record):
    name = fields.CharField(max_length=120)
    email = fields.CharField(max_length=254, null=True)
    email_key = fields.CharField(max_length=254, null=True)
    phone_sealed = fields.BinaryField(null=True)
    address_sealed = fields.BinaryField(null=True)
    client_id = fields.UUIDField(null=True)  # where this contact is a client too

    phone = Sealed()
    address = Sealed()

    class Meta:
        table = "contact"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Staff who may see a client the contact is linked to. Accounts never list contacts."""
        if kind is not Kind.STAFF:
            return "false"
        return (
            f"exists (select 1 from contact_link nl join client nc on nc.id = nl.client_id "
            f"where nl.contact_id = {r}.id and {Client.visible_to(kind, 'nc')})"
        )

    async def change_address(self, email: str) -> None:
        """Save another email. Links that went to the old one end."""
        from portal.models.invitation import end_invitations

        self.email, self.email_key = email, canonical_email(email)
        await self.save(update_fields=["email", "email_key"])
        for link in await ContactLink.filter(contact_id=self.id):
            await end_invitations(link.client_id, link.id, "address")
            await announce(ClientChanged(client=link.client_id))


class ContactLink(Lasting):
    """What one contact is to one client. Rights live here alone; nothing copies them."""

    client_id = fields.UUIDField()
    contact_id = fields.UUIDField()
    relationship = fields.CharField(max_length=40)
    guardian = fields.BooleanField(default=False)
    may_forms = fields.BooleanField(default=False)
    may_appointments = fields.BooleanField(default=False)
    may_messages = fields.BooleanField(default=False)
    may_documents = fields.BooleanField(default=False)
    may_billing = fields.BooleanField(default=False)

    class Meta:
        table = "contact_link"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Staff who may see the client. Two contacts of one client learn nothing of each other."""
        if kind is not Kind.STAFF:
            return "false"
        return (
            f"exists (select 1 from client kc where kc.id = {r}.client_id "
            f"and {Client.visible_to(kind, 'kc')})"
        )

    @property
    def rights(self) -> list[Right]:
        return [right for right in Right if getattr(self, right.value)]
