"""Letters about other notices than messages: when one is due, which it was, and of which kinds somebody wants them."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

COLUMNS = """
alter table notice_choice add column mail boolean not null default true;
alter table notice add column mail_at timestamptz;
alter table notice add column letter_id uuid references outbox (id);
create index notice_to_mail on notice (mail_at) where mail_at is not null;
create index notice_by_letter on notice (letter_id) where letter_id is not null
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0024_read_by")]  # noqa: RUF012
    operations = [Sql(COLUMNS)]  # noqa: RUF012
