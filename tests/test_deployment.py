"""The deployment, the cast and the pages that the other tests stand on do what they say."""

from uuid import uuid4

from tests.deployment import Deployment
from tests.pages import open_page


async def test_two_open_pages_hear_what_one_of_them_writes(deployment: Deployment) -> None:
    cast, last = deployment.cast, len(deployment.bases) - 1
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana", worker=last)
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    async with (
        open_page(dana, f"/clients/{noa}/conversations/{thread}") as page,
        open_page(miriam, "/staff/today") as today,
    ):
        await page.current()
        key, text = str(uuid4()), f"See you Tuesday, {uuid4().hex[:6]}."
        answer = await dana.send(f"/clients/{noa}/conversations/{thread}/messages", key=key, body=text)
        assert answer.status_code == 201, answer.text
        await page.until(lambda: any(text in one["content"] for one in page.pushes), what="her own message")
        await today.until(lambda: any(text in one["content"] for one in today.pushes), what="her message")
        await page.current()
        await today.current()


async def test_the_models_work_in_the_test_itself(deployment: Deployment) -> None:
    from portal.models.people.client import Client

    async with deployment.models():
        noa = await Client.get(id=deployment.cast.client["noa"])
        assert noa.date_of_birth
