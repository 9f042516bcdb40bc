"""Every environment variable Portal reads, typed, each with the reason it exists."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal.models.ground.person import address_fault

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore", populate_by_name=True)

    data: Path = Field(default=ROOT / "data", description="Folder of the embedded database and key")
    database_url: str = Field(
        default="",
        alias="DATABASE_URL",
        description="postgres://user:password@host/name; empty means SQLite in the data folder",
    )
    redis_url: str = Field(
        default="",
        alias="REDIS_URL",
        description="redis://host:port; empty means the in-process bus, and so one process",
    )
    smtp_url: str = Field(
        default="", alias="SMTP_URL", description="smtps://user:password@host:port; also smtp+starttls:// and smtp://"
    )
    mail_from: str = Field(
        default="", description="The address letters come from; empty means no-reply@ the host of PORTAL_BASE_URL"
    )
    mail_hosts: str = Field(
        default="",
        description="Mail servers that returned mail may be read from beside public ones on port 993, "
        "comma separated, each a host or host:port",
    )
    base_url: str = Field(default="", description="The address people type, such as https://portal.example.org")
    key_file: Path | None = Field(
        default=None,
        description="The file with the encryption keys, backed up apart from the database; "
        "empty means portal.key in the data folder",
    )
    demo: bool = Field(default=False, description="The cast on the sign-in page; http on loopback")
    clock: Path | None = Field(default=None, description="A file with the seconds by which a demo's clock is ahead")
    push_anywhere: bool = Field(
        default=False, description="Pushes also go to http and to private addresses; for tests alone"
    )
    patience: float = Field(
        default=1, ge=1, description="How many times longer a demo's people may be idle; for tests alone"
    )
    tick: float = Field(default=0.5, ge=0.05, description="Seconds between two looks of the worker for what is due")
    heartbeat: float = Field(
        default=4, ge=0.05, le=4, description="Seconds after which an open page is told again how far it is"
    )
    alive: float = Field(default=0, ge=0, description="Seconds after which a demo's cast writes again; 0 for never")
    metrics_token: str = Field(default="", description="Bearer token of /metrics; empty closes it")
    trusted_proxies: str = Field(default="", description="Addresses whose X-Forwarded-For is believed, comma separated")
    drain: float = Field(
        default=10.0, description="Seconds in which open pages are asked to come back before a worker ends"
    )
    messages_per_minute: int = Field(default=60, description="Messages one person may send in a minute")
    sockets_per_network: int = Field(
        default=400, ge=1, description="Open pages that one network may have on one worker"
    )
    pool: int = Field(default=16, description="Database connections of one worker")

    @property
    def sqlite(self) -> bool:
        return not self.database_url

    @property
    def embedded_bus(self) -> bool:
        return not self.redis_url

    @property
    def keys_path(self) -> Path:
        return self.key_file or self.data / "portal.key"

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    def names_mail_host(self, host: str, port: int) -> bool:
        """Tell whether the people who run the machine have named this mail server, so that it may be on a private
        network."""
        named = {one.strip().lower() for one in self.mail_hosts.split(",")}
        return bool({host.lower(), f"{host.lower()}:{port}"} & named)

    def link(self, path: str) -> str:
        """Return a page of this portal as an address for letters: the path begins with a slash."""
        return self.base_url.rstrip("/") + path

    def problems(self) -> list[str]:
        """Say in sentences which settings would lose or leak something; empty when all is well."""
        found = []
        parts = urlsplit(self.base_url)
        if not parts.scheme or not parts.netloc:
            found.append(
                "PORTAL_BASE_URL is not set: give the address people type, such as "
                "https://portal.example.org. Links in letters are made from it."
            )
        elif parts.scheme == "http" and not _loopback(parts.hostname or ""):
            found.append(
                f"PORTAL_BASE_URL is {self.base_url}: passwords and messages would cross the "
                "network unencrypted. Use https, or a loopback address for a demo."
            )
        if self.demo and parts.netloc and not _loopback(parts.hostname or ""):
            found.append(
                "PORTAL_DEMO is on for an address that others can reach: anyone could sign in as "
                "anyone. Turn it off, or use a loopback address."
            )
        if self.alive and not self.demo:
            found.append("PORTAL_ALIVE is set: words would be put into people's mouths. It is for a demo alone.")
        if self.clock is not None and not self.demo:
            found.append(
                "PORTAL_CLOCK is set: links would expire, and accesses end, at the wrong time. It is for a demo alone."
            )
        if self.patience != 1 and not self.demo:
            found.append(
                "PORTAL_PATIENCE is set: whoever goes away from an open page would stay signed in for long. "
                "It is for tests alone."
            )
        if self.push_anywhere and not self.demo:
            found.append(
                "PORTAL_PUSH_ANYWHERE is set: a browser could have this server send requests to machines that "
                "only it can reach. It is for tests alone."
            )
        if self.database_url and not self.database_url.startswith(("postgres://", "postgresql://")):
            found.append("DATABASE_URL must begin with postgres:// (or be empty for SQLite).")
        if self.redis_url and not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            found.append("REDIS_URL must begin with redis:// or rediss:// (or be empty).")
        found += self._smtp_problems()
        if self.mail_from and address_fault(self.mail_from) is not None:
            found.append("PORTAL_MAIL_FROM is not an email address: write one like portal@example.org.")
        if self.database_url and self.key_file is None and not self.demo:
            found.append(
                "PORTAL_KEY_FILE is not set: with PostgreSQL the keys must lie in a file that every "
                "worker and host reads, and that your backups of the database do not hold."
            )
        return found

    def _smtp_problems(self) -> list[str]:
        if not self.smtp_url:
            return []
        try:
            parts = urlsplit(self.smtp_url)
            well = parts.scheme in ("smtp", "smtps", "smtp+starttls") and parts.hostname and (parts.port or 1)
        except ValueError:
            well = False
        if not well:
            return [
                "SMTP_URL can’t be read: write smtps://user:password@host:port, or smtp+starttls:// where the "
                "mail server wants STARTTLS. Special characters of the password are written as %40 and the like."
            ]
        if parts.scheme == "smtp" and parts.password and not _loopback(parts.hostname or ""):
            return [
                "SMTP_URL begins with smtp://: the password could cross the network unencrypted. "
                "Write smtps:// or smtp+starttls://."
            ]
        return []


def _loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


@lru_cache
def settings() -> Settings:
    """Return the settings of this process; read once."""
    return Settings()
