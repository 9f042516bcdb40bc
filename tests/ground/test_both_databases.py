"""A statement that only one of the databases can read is found, though no test runs it on the other."""

from pathlib import Path

from tests.both_databases import not_read
from tests.deployment import practice_in_postgres, practice_in_sqlite
from tests.servers import PostgreSQL


async def test_a_text_that_only_one_database_reads_is_found(postgres: PostgreSQL, tmp_path: Path) -> None:
    practice_in_sqlite(tmp_path, filled=False)
    url = practice_in_postgres(postgres, tmp_path, "both", filled=False)
    for text, other in (
        ("select ifnull(email, '') from client where id = :id", "postgres"),
        ("select id from client where first_name regexp :q", "postgres"),
        ("select id from client where added_at > :at::text", "sqlite"),
        ("select count(*) filter (where a.id = b.id), a.nobody from client a, client b", "sqlite"),
    ):
        (refused,) = await not_read([(text, other, {})], url, tmp_path / "portal.db")
        assert refused.startswith(f"{other} can’t read this"), refused
    fine = "select id from client where id = any(:ids) and added_at > :at"
    assert await not_read([(fine, "postgres", {}), (fine, "sqlite", {})], url, tmp_path / "portal.db") == []
    computed = "select id, max(added_at) as at, '' as id_text from client group by id"
    for types, wrong in (
        ({"id": "UUID", "at": "datetime", "id_text": "str"}, 0),
        ({"id": "UUID", "at": "str"}, 1),
        ({"id_text": "UUID"}, 1),
    ):
        assert len(await not_read([(computed, "postgres", types)], url, tmp_path / "portal.db")) == wrong
    postgres.drop_database("both")
