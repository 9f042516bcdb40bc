"""Portal refuses to start where it would lose or leak something, in sentences that say what to set."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal import crypto
from tests import deployment as deployments
from tests.deployment import Deployment
from tests.servers import PostgreSQL, free_port

HERE = "http://localhost:8000"
THERE = "https://portal.example.org"

# Each command is a process of its own, forked from one that has everything loaded: so it takes a moment each.
_SHELL = """
import json, os, selectors, signal, sys
from portal import cli

for line in sys.stdin:
    answers = []
    for arguments, env in json.loads(line):
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(into, 1), os.dup2(into, 2), os.close(into), os.close(out)
            os.environ |= env
            sys.argv = ["portal", *arguments]
            cli.main()
        os.close(into)
        said, waits = b"", selectors.DefaultSelector()
        waits.register(out, selectors.EVENT_READ)
        while waits.select(20):
            more = os.read(out, 65536)
            said += more
            if not more:
                break
        else:
            os.kill(child, signal.SIGKILL)
        os.close(out)
        answers.append((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode()))
    print(json.dumps(answers), flush=True)
"""

Case = tuple[str, list[str], dict[str, str]]  # a sentence it says, the command, its environment
Run = Callable[..., list[tuple[int, str]]]
Refuse = Callable[..., None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs `portal` commands to their end, and gives their exit codes and what they said."""
    shell = subprocess.Popen(
        [sys.executable, "-c", _SHELL],
        cwd=deployments.ROOT,
        env=deployments._plain_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    into, out = shell.stdin, shell.stdout
    assert into is not None and out is not None

    def run(*commands: tuple[list[str], dict[str, str]]) -> list[tuple[int, str]]:
        print(json.dumps(commands), file=into, flush=True)
        return [(code, said) for code, said in json.loads(out.readline())]

    yield run
    into.close()
    shell.wait(10)
    out.close()


@pytest.fixture
def refuse(run: Run) -> Refuse:
    """Each command ends with 1, says its sentence, and shows nothing of its inside."""

    def refuse(*cases: Case) -> None:
        answers = run(*((arguments, env) for _, arguments, env in cases))
        for (sentence, arguments, env), (code, said) in zip(cases, answers, strict=True):
            told = f"{arguments} with {env} ended with {code} and said: {said}"
            assert code == 1 and sentence in said and "Traceback" not in said, told

    return refuse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with the demo practice in it."""
    deployments.practice_in_sqlite(tmp_path)
    return tmp_path


def of(folder: Path, **env: str) -> dict[str, str]:
    """The environment of a deployment in a folder."""
    told = {"PORTAL_DATA": str(folder), "PORTAL_BASE_URL": HERE, "SMTP_URL": "smtp://127.0.0.1:1"}
    return told | {"PORT": str(free_port())} | env


def test_addresses_that_would_leak_are_refused(refuse: Refuse, folder: Path) -> None:
    refuse(
        ("PORTAL_BASE_URL is not set", ["serve"], of(folder, PORTAL_BASE_URL="")),
        ("would cross the network unencrypted", ["serve"], of(folder, PORTAL_BASE_URL="http://example.org")),
        ("anyone could sign in as anyone", ["serve"], of(folder, PORTAL_BASE_URL=THERE, PORTAL_DEMO="1")),
        ("It is for a demo alone", ["serve"], of(folder, PORTAL_CLOCK="/tmp/clock")),
        ("DATABASE_URL must begin with postgres://", ["serve"], of(folder, DATABASE_URL="mysql://x/y")),
        ("REDIS_URL must begin with redis://", ["serve"], of(folder, REDIS_URL="http://x")),
    )


def test_key_files_that_would_lose_or_leak_are_refused(refuse: Refuse, folder: Path) -> None:
    key, env, elsewhere = folder / "portal.key", of(folder), of(folder, DATABASE_URL="postgres://nowhere/x")
    right = key.read_bytes()
    refuse(("PORTAL_KEY_FILE is not set", ["serve"], elsewhere))
    key.unlink()
    refuse(("There is no key file", ["serve"], env), ("There is no key file", ["check"], env))
    key.write_text("not a key")
    key.chmod(0o600)
    beside = of(folder, DATABASE_URL="postgres://nowhere/x", REDIS_URL="redis://nowhere")
    refuse(("can’t be used", ["serve"], env), ("can’t be used", ["work"], beside))
    key.write_bytes(right)
    key.chmod(0o644)
    refuse(("Others can read the key file", ["serve"], env), ("Others can read the key file", ["check"], env))
    key.unlink()
    crypto.make_key_file(key)
    wrong = "does not open this database"
    refuse((wrong, ["serve"], env), (wrong, ["check"], env))


async def test_processes_that_would_not_hear_each_other_are_refused(
    refuse: Refuse, folder: Path, embedded: Deployment
) -> None:
    own_keys = {"PORTAL_KEY_FILE": str(folder / "portal.key")}
    database, bus = {"DATABASE_URL": "postgres://nowhere/x"} | own_keys, {"REDIS_URL": "redis://nowhere"}
    several, itself = "Several workers need PostgreSQL and Redis", "does this work itself"
    taken, port = embedded.folder, str(free_port())
    refuse(
        (several, ["serve", "--workers", "2"], of(folder)),
        (several, ["serve", "--workers", "2"], of(folder, **bus)),
        (several, ["serve", "--workers", "2"], of(folder, **database)),
        ("Several workers need", ["demo", "--workers", "2", "--data", str(folder), "--port", port], {}),
        (itself, ["work"], of(folder)),
        (itself, ["work"], of(folder, **bus)),
        (itself, ["work"], of(folder, **database)),
        # One that runs already holds its folder, against a demo too.
        ("Another Portal uses", ["serve"], of(taken)),
        ("Another Portal uses", ["demo", "--data", str(taken), "--port", port], {}),
    )
    assert (await embedded.cast.stranger().get("/up")).status_code == 200


def test_a_database_of_another_shape_is_refused(run: Run, refuse: Refuse, folder: Path) -> None:
    (folder / "portal.db").unlink()
    refuse(("There is no database", ["serve"], of(folder)))
    (folder / "portal.db").touch()
    refuse(("run `portal migrate`", ["serve"], of(folder)), ("run `portal migrate`", ["check"], of(folder)))
    [(code, said)] = run((["migrate"], of(folder)))
    assert code == 0, said
    refuse(("There is no practice in the database yet", ["check"], of(folder)))


def test_check_says_when_all_is_well_and_when_the_database_is_away(
    run: Run, refuse: Refuse, folder: Path, postgres: PostgreSQL
) -> None:
    assert run((["check"], of(folder))) == [(0, "All is well.\n")]
    away = of(
        folder,
        PORTAL_KEY_FILE=str(folder / "portal.key"),
        DATABASE_URL=f"postgres://portal@127.0.0.1:{free_port()}/portal",
        REDIS_URL="redis://127.0.0.1:1",
    )
    refuse(("The database can’t be reached", ["check"], away))
    empty = postgres.create_database("empty")
    refuse(("run `portal migrate`", ["serve"], away | {"DATABASE_URL": empty}))
