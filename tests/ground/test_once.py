"""The same request again, even twenty times at once on two workers, is done once and answered alike."""

import asyncio
from uuid import uuid4

from tests.deployment import Deployment


def messages_path(deployment: Deployment) -> str:
    cast = deployment.cast
    return f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}/messages"


MESSAGES, FACTS = "message", "fact where kind = 'MessageSent'"


async def test_twenty_at_once_are_one_message(deployment: Deployment) -> None:
    dana, path = await deployment.cast.sign_in("dana"), messages_path(deployment)
    before, facts = await deployment.count(MESSAGES), await deployment.count(FACTS)
    form = {"key": str(uuid4()), "body": "Sent by a phone in a tunnel."}
    workers = len(deployment.bases)
    answers = await asyncio.gather(*(dana.send(path, n % workers, **form) for n in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await deployment.count(MESSAGES) == before + 1
    assert await deployment.count(FACTS) == facts + 1


async def test_twenty_at_once_are_one_client(deployment: Deployment) -> None:
    miriam = await deployment.cast.sign_in("miriam")
    form = {"key": str(uuid4()), "first_name": "Juniper", "last_name": f"Twice{uuid4().hex[:6]}"}
    workers = len(deployment.bases)
    answers = await asyncio.gather(*(miriam.post("/staff/clients", n % workers, **form) for n in range(20)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await deployment.count("client where last_name = :name", name=form["last_name"]) == 1


async def test_twenty_at_once_are_one_conversation(deployment: Deployment) -> None:
    dana, client = await deployment.cast.sign_in("dana"), deployment.cast.client["eli"]
    before = await deployment.count("conversation")
    workers, path = len(deployment.bases), f"/clients/{client}/conversations"
    answers = await asyncio.gather(*(dana.post(path, n % workers, audience="billing") for n in range(20)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await deployment.count("conversation") == before + 1


async def test_the_key_of_another_text_is_refused(deployment: Deployment) -> None:
    dana, path, key = await deployment.cast.sign_in("dana"), messages_path(deployment), str(uuid4())
    first = await dana.send(path, key=key, body="The first.")
    assert first.status_code == 201
    before = await deployment.count(MESSAGES)
    assert (await dana.send(path, key=key, body="The second.")).status_code == 409
    assert await deployment.count(MESSAGES) == before
    again = await dana.send(path, key=key, body="The first.")
    assert again.status_code == 201 and again.text == first.text


async def test_one_persons_key_is_nothing_to_another(deployment: Deployment) -> None:
    cast, key = deployment.cast, str(uuid4())
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    path, before = messages_path(deployment), await deployment.count(MESSAGES)
    assert (await dana.send(path, key=key, body="Mine.")).status_code == 201
    assert (await miriam.send(f"/staff{path}", key=key, body="And mine.")).status_code == 201
    assert await deployment.count(MESSAGES) == before + 2
