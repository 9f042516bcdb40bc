"""Letters: what each is about, when it was posted, and the Message-ID it keeps however often it is sent."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

COLUMNS = """
alter table outbox add column client_id uuid references client (id);
alter table outbox add column about_id uuid;
alter table outbox add column message_id varchar(160);
alter table outbox add column posted_at timestamptz;
create index outbox_by_client on outbox (client_id);
create index outbox_by_about on outbox (about_id)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0001_ground")]  # noqa: RUF012
    operations = [Sql(COLUMNS)]  # noqa: RUF012
