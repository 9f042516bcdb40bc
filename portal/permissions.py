"""Permissions of staff, in the practice's own words, and those that each role holds to begin with (product.md, B)."""

from enum import Enum


class Permission(Enum):
    """A permission. The value is the practice's wording; the name, in lower case, is what the database keeps."""

    PORTAL_ACCESS = "Manage portal access"
    INTAKE = "Invite clients to the portal and manage intake forms"
    INTAKE_FORMS = "Edit intake forms and packets"
    DYNAMIC_FORMS = "Add, edit and archive dynamic forms"
    DOCUMENTS = "Upload client general documents"
    PORTAL_SETTINGS = "Client portal settings"
    STAFF = "Manage staff and their permissions, portal subscriptions"
    SEE_ALL_CLIENTS = "See all clients"
    CLINICAL_MESSAGES = "Read and answer clinical messages"
    ADMINISTRATIVE_MESSAGES = "Read and answer administrative messages"
    BILLING_MESSAGES = "Read and answer billing messages"
    SCHEDULE = "Schedule"
    BILLING = "Billing"
    CONTACT_NETWORK = "Contact network"
    AUDIT_LOG = "Audit log"

    @property
    def key(self) -> str:
        return self.name.lower()


class Audience(Enum):
    """The staff who read a conversation: those who hold the permission `<audience>_messages` and may see the client."""

    CLINICAL = "Clinical"
    ADMINISTRATIVE = "Administrative"
    BILLING = "Billing"

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def permission(self) -> Permission:
        return Permission[f"{self.name}_MESSAGES"]


class Role(Enum):
    ORGANISATION_ADMINISTRATOR = "Organisation Administrator"
    CLINICAL_ADMINISTRATOR = "Clinical Administrator"
    SUPERVISOR = "Supervisor"
    THERAPIST = "Therapist"
    INTERN = "Intern"
    SCHEDULER = "Practice Scheduler"
    BILLER = "Biller"

    @property
    def key(self) -> str:
        return self.name.lower()


class Right(Enum):
    """A contact's right to do something for a client; the name is the column on ContactLink."""

    FORMS = "may_forms"
    APPOINTMENTS = "may_appointments"
    MESSAGES = "may_messages"
    DOCUMENTS = "may_documents"
    BILLING = "may_billing"


# Any of these makes a contact part of somebody's care. A contact who holds none of them pays, at most: neither the care
# team nor who else can see the client is theirs to know.
CARE = frozenset(Right) - {Right.BILLING}
Rights = Right | frozenset[Right]  # one, or any of several


class Restriction(Enum):
    """A limit on a contact from a day on, by a court's order or the practice's word, whatever rights they hold; the
    value is the rights that are left. The name is the column on ContactLink."""

    PAY_ONLY = (Right.BILLING,)
    NO_CONTACT = ()
    NO_RECORDS = (Right.APPOINTMENTS, Right.MESSAGES, Right.BILLING)
    NO_SCHEDULING = (Right.FORMS, Right.MESSAGES, Right.DOCUMENTS, Right.BILLING)

    @property
    def leaves(self) -> tuple[Right, ...]:
        left: tuple[Right, ...] = self.value
        return left

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def column(self) -> str:
        return f"{self.key}_from"


P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ORGANISATION_ADMINISTRATOR: frozenset(P) - {P.CLINICAL_MESSAGES},
    Role.CLINICAL_ADMINISTRATOR: frozenset(
        {P.PORTAL_ACCESS, P.DYNAMIC_FORMS, P.DOCUMENTS, P.SEE_ALL_CLIENTS, P.CLINICAL_MESSAGES}
        | {P.ADMINISTRATIVE_MESSAGES, P.BILLING_MESSAGES, P.SCHEDULE, P.CONTACT_NETWORK}
    ),
    Role.SUPERVISOR: frozenset(
        {P.PORTAL_ACCESS, P.DYNAMIC_FORMS, P.DOCUMENTS, P.CLINICAL_MESSAGES}
        | {P.ADMINISTRATIVE_MESSAGES, P.SCHEDULE, P.CONTACT_NETWORK}
    ),
    Role.THERAPIST: frozenset(
        {P.PORTAL_ACCESS, P.DYNAMIC_FORMS, P.DOCUMENTS, P.CLINICAL_MESSAGES}
        | {P.ADMINISTRATIVE_MESSAGES, P.BILLING_MESSAGES, P.SCHEDULE, P.CONTACT_NETWORK}
    ),
    Role.INTERN: frozenset({P.PORTAL_ACCESS, P.CLINICAL_MESSAGES, P.SCHEDULE}),
    Role.SCHEDULER: frozenset(
        {P.PORTAL_ACCESS, P.SEE_ALL_CLIENTS, P.ADMINISTRATIVE_MESSAGES, P.SCHEDULE} | {P.CONTACT_NETWORK}
    ),
    Role.BILLER: frozenset({P.SEE_ALL_CLIENTS, P.BILLING_MESSAGES, P.BILLING}),
}
