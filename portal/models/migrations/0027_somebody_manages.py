"""Somebody who manages staff always works here: the last of them neither leaves nor loses the permission.

PostgreSQL lets two end each other's work at once, each seeing the other still there. So who ends anybody's holds the
practice's row, and counts afterwards. SQLite has one writer.
"""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

_OTHER = (
    "select 1 from staff_permission p join staff_member m on m.id = p.staff_id "
    "where p.permission = 'staff' and m.ended_at is null and m.id <> {}"
)

POSTGRES = f"""
create function somebody_manages() returns trigger language plpgsql as
$$ declare who uuid := case tg_table_name when 'staff_member' then (to_jsonb(old) ->> 'id')::uuid
    else (to_jsonb(old) ->> 'staff_id')::uuid end;
begin
    if exists (select 1 from staff_permission p join staff_member m on m.id = p.staff_id
            where p.permission = 'staff' and m.ended_at is null and m.id = who) then
        perform 1 from practice for no key update;
        if not exists ({_OTHER.format("who")}) then
            raise exception 'nobody would manage staff' using errcode = 'check_violation';
        end if;
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$
--;
create trigger last_who_manages_stays before update of ended_at on staff_member
    for each row when (new.ended_at is not null and old.ended_at is null) execute function somebody_manages()
--;
create trigger last_who_manages_may before delete on staff_permission
    for each row when (old.permission = 'staff') execute function somebody_manages()
"""

SQLITE = f"""
create trigger last_who_manages_stays before update of ended_at on staff_member
    when new.ended_at is not null and old.ended_at is null
    and exists (select 1 from staff_permission h where h.staff_id = old.id and h.permission = 'staff')
    and not exists ({_OTHER.format("old.id")})
    begin select raise(abort, 'nobody would manage staff'); end
--;
create trigger last_who_manages_may before delete on staff_permission
    when old.permission = 'staff'
    and exists (select 1 from staff_member h where h.id = old.staff_id and h.ended_at is null)
    and not exists ({_OTHER.format("old.staff_id")})
    begin select raise(abort, 'nobody would manage staff'); end
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0028_odd_items")]  # noqa: RUF012
    operations = [Sql(postgres=POSTGRES, sqlite=SQLITE)]  # noqa: RUF012
