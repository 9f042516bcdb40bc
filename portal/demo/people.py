"""The people of Willow Street Counselling: its staff, the clients in its care, and their relatives."""

from dataclasses import dataclass
from typing import Any

from portal.models.ground.person import folded
from portal.permissions import Permission, Right, Role

PASSWORD = "willow-street-paper-lantern"
ZONE = "America/New_York"
PRACTICE: dict[str, Any] = {
    "name": "Willow Street Counselling",
    "phone": "(555) 010-0134",
    "address": "12 Willow Street",
    "hours": "Monday to Friday, 8:30 am to 5:30 pm",
    "zone": ZONE,
    "crisis": [["911", "911"], ["988", "988"]],
}
LOCATIONS = (
    ("Willow Street", "12 Willow Street, second floor", "(555) 010-0134"),
    ("Mill Lane", "48 Mill Lane, by the library", "(555) 010-0136"),
)


def address_of(name: str, domain: str) -> str:
    """An address made of a name: Siobhán O'Rourke writes from siobhan.orourke@example.com."""
    return ".".join(folded(name).replace("'", "").split()) + f"@{domain}"


@dataclass(frozen=True)
class Colleague:
    name: str
    role: Role
    supervisor: str = ""
    given: Permission | None = None
    taken: Permission | None = None
    subscribed: bool = True

    @property
    def email(self) -> str:
        return address_of(self.name, "willow.example")


@dataclass(frozen=True)
class Patient:
    """`age` is what it is today, `days` how long the chart has been there, `holder` whose name the
    account bears where the chart is a couple's."""

    first: str
    last: str
    age: int | None
    birthday: str  # month-day
    lead: str
    second: str = ""
    account: bool = False
    holder: str = ""
    email_known: bool = True
    phone: str = ""
    address: str = ""
    colour: str = ""
    language: str = "en"
    archived: int = 0  # days ago
    days: int = 620

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def label(self) -> str:
        """As the list of people to sign in as says it."""
        words = "Client" if self.age is None else f"Client, {self.age}"
        return f"{words}, archived" if self.archived else words

    @property
    def email(self) -> str | None:
        return address_of(self.holder or self.name, "example.com") if self.email_known else None


@dataclass(frozen=True)
class Tie:
    """A relative's tie to one client; `ended` ties ended on the last 12th of March."""

    client: str
    relationship: str
    rights: tuple[Right, ...]
    guardian: bool = False
    ended: bool = False


@dataclass(frozen=True)
class Relative:
    name: str
    label: str
    phone: str
    ties: tuple[Tie, ...]

    @property
    def email(self) -> str:
        return address_of(self.name, "example.com")


STAFF = (
    Colleague("Miriam Adler", Role.THERAPIST, given=Permission.INTAKE),
    Colleague("Jo Marsh", Role.SCHEDULER),
    Colleague("Idris Bello", Role.INTERN, supervisor="Miriam", taken=Permission.PORTAL_ACCESS),
    Colleague("Ada Lindqvist", Role.ORGANISATION_ADMINISTRATOR, subscribed=False),
    Colleague("Theo Novak", Role.THERAPIST),
    Colleague("Grace Oyelaran", Role.BILLER),
    Colleague("Henrik Vasquez", Role.CLINICAL_ADMINISTRATOR, subscribed=False),
)
NAMED_STAFF = 5  # the rest is there so that every thread has somebody to answer it

# Siblings never share a colour; those whom the pictures show have the one of the pictures.
CAST = (
    Patient("Noa", "Reyes-Menon", 9, "03-09", "Miriam", email_known=False, colour="heather"),
    Patient("Eli", "Reyes-Menon", 15, "06-14", "Miriam", account=True, colour="marsh"),
    Patient(
        "Sam",
        "Okafor",
        38,
        "02-14",
        "Miriam",
        account=True,
        phone="(555) 010-0158",
        address="7 Alder Court",
        colour="harbour",
    ),
    Patient("Lena", "Brandt", 35, "06-03", "Miriam", phone="(555) 010-0171", days=3),
)
OTHERS = (
    Patient(
        "Maximiliana",
        "Featherstonehaugh-Castellanos",
        41,
        "11-30",
        "Miriam",
        account=True,
        phone="(555) 010-0175",
        address="The Old Pumping Station, 3 Upper Reservoir Road",
        colour="rose",
        days=12,
    ),
    Patient("Priya", "Raman", 34, "08-21", "Miriam", account=True, colour="brick"),
    Patient(
        "Ruth and Ben",
        "Calloway",
        41,
        "05-18",
        "Miriam",
        account=True,
        holder="Ruth Calloway",
        colour="slate",
        days=130,
    ),
    Patient("Ximena", "Duarte", 29, "01-17", "Miriam", account=True, colour="harbour", language="es", days=200),
    Patient("Walter", "Hobbs", 67, "09-02", "Theo", account=True, phone="(555) 010-0142"),
    Patient("Aiko", "Tanaka", 26, "05-05", "Theo", account=True, days=90),
    Patient("Gus", "Lindholm", 22, "12-08", "Idris", account=True, days=70),
    Patient("Marguerite", "Okonkwo", 58, "07-26", "Miriam", second="Idris", account=True),
    Patient("Tomás", "Ibarra", 45, "04-11", "Theo", account=True, days=340),
    Patient("Leila", "Haddad", 31, "10-19", "Theo", account=True, days=45),
    Patient("Kwame", "Boateng", 39, "03-28", "Theo", account=True, days=410),
    Patient("Imani", "Brooks", 27, "06-06", "Theo", account=True, days=280),
    Patient("Freya", "Halvorsen", 33, "02-02", "Miriam", second="Idris", account=True, days=150),
    Patient("Dmitri", "Sokolov", 52, "08-15", "Miriam", account=True, archived=40),
    Patient("Callum", "Fraser", 19, "09-23", "Miriam", phone="(555) 010-0163"),
    Patient("Chidi", "Eze", 44, "01-08", "Miriam"),
    Patient("Anneliese", "Vogt", 71, "05-30", "Miriam", email_known=False, phone="(555) 010-0149"),
    Patient("Mateusz", "Kowalczyk", 36, "12-12", "Theo", days=25),
    Patient("Siobhán", "O'Rourke", 48, "03-17", "Theo"),
    Patient("Minh Anh", "Nguyễn", 24, "07-07", "Miriam", days=60),
    Patient("Yusuf", "Demir", 30, "10-29", "Theo", days=18),
    Patient("Rosalind", "Pettigrew", 63, "04-23", "Miriam", archived=210),
    Patient("Haruto", "Mori", 12, "11-03", "Theo", email_known=False),
    Patient("Zainab", "Qureshi", 37, "08-09", "Miriam"),
    Patient("Luca", "Moretti", 42, "06-24", "Theo", archived=95),
    Patient("Esperanza", "Villanueva", None, "", "Theo", days=6),
    Patient("Oluwaseun", "Adebayo", 28, "02-19", "Miriam", days=33),
    Patient("Mei-Ling", "Chao", 55, "09-15", "Theo"),
    Patient("Bartholomew", "Quincey", 76, "01-31", "Theo", email_known=False, archived=330),
    Patient("Sunniva", "Bergström", 40, "12-24", "Miriam"),
    Patient("Jean-Baptiste", "Lefèvre", 50, "05-14", "Theo"),
    Patient("Talia", "Rosenbaum", 23, "03-03", "Miriam", days=80),
    Patient("Keoni", "Kahale", 17, "10-10", "Theo", days=55),
    Patient("Anahit", "Petrosyan", 46, "07-19", "Miriam"),
    Patient("Björk", "Einarsdóttir", 32, "06-17", "Theo", archived=15),
    Patient("Rahul", "Deshpande", 35, "08-26", "Miriam", days=10),
    Patient("Naomi", "Whitehorse", 61, "11-11", "Theo"),
    Patient("Viktória", "Szabó", 21, "04-04", "", days=2),
    Patient("Andile", "Mthembu", None, "", "", email_known=False, phone="(555) 010-0187", days=1),
    Patient("Carys", "Llewellyn", 43, "03-01", "Theo"),
)
PATIENTS = CAST + OTHERS

CONTACTS = (
    Relative(
        "Dana Reyes",
        "Mother of Noa and Eli",
        "(555) 010-0151",
        (
            Tie("Noa Reyes-Menon", "Mother", tuple(Right), guardian=True),
            Tie("Eli Reyes-Menon", "Mother", tuple(Right), guardian=True),
        ),
    ),
    Relative(
        "Ravi Menon",
        "Father, pays for Eli",
        "(555) 010-0152",
        (
            Tie("Noa Reyes-Menon", "Father", tuple(Right), guardian=True, ended=True),
            Tie("Eli Reyes-Menon", "Father", (Right.BILLING,)),
        ),
    ),
    Relative(
        "Ben Calloway",
        "Partner of Ruth",
        "(555) 010-0167",
        (Tie("Ruth and Ben Calloway", "Partner", (Right.APPOINTMENTS, Right.MESSAGES)),),
    ),
)

# The order in which one signs in to try things.
NAMED_ACCOUNTS = ("Dana Reyes", "Eli Reyes-Menon", "Sam Okafor", "Ravi Menon")
