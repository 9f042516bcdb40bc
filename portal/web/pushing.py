"""Pushes on their way to the push services of browsers: encrypted for the device alone, and neutral even there."""

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
import time
from urllib.parse import urlsplit

import structlog
from py_vapid import Vapid02

from portal import clock, crypto
from portal.language import say
from portal.mail.outbox import host as own_host
from portal.models.ground.fact import unit
from portal.models.notices.devices import LeasedDevice, forget_device, hold_device, settle_push, take_pushes, words_for
from portal.models.notices.mail_choice import mail_choice
from portal.models.notices.notice import is_unread
from portal.models.practice.practice import the_practice
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web import rendering
from portal.web.public_hosts import Forbidden, is_public, looked_up
from portal.web.rendering import learn_practice

log = structlog.get_logger()

IN_FLIGHT = 8
PATIENCE = 15.0  # seconds for one answer
KEPT = 24 * 3600  # seconds for which a push service holds it for a device that is off
MOST_TRIES = 8  # about two hours
GONE = (404, 410)


async def deliver_pushes(bus: Bus) -> int:
    """Send the pushes that are due; return how many were tried. Without a key for pushes there are none."""
    if crypto.push_key() is None:
        return 0
    taken = await take_pushes(IN_FLIGHT)
    if taken:
        await learn_practice()
        await asyncio.gather(*(_send(one, bus) for one in taken))
    return len(taken)


async def _send(taken: LeasedDevice, bus: Bus) -> None:
    """Send one push, and keep its outcome."""
    try:
        words = await _words_if_wanted(taken)
        if words is None:
            return
        status = await _post(taken.subscription(), words)
    except (Forbidden, crypto.Unreadable, ValueError) as reason:
        log.warning("a push is given up", device=str(taken.id), reason=type(reason).__name__)
        return await settle_push(taken)
    except Exception as reason:
        log.warning("a push is left for later", device=str(taken.id), reason=type(reason).__name__)
        status = 0
    if 200 <= status < 300:
        await settle_push(taken, sent=True)
    elif status in GONE:
        async with unit() as facts:
            await forget_device(taken)
        bus.hint(facts.keys)
    elif (status == 429 or not 400 <= status < 500) and taken.tries < MOST_TRIES:
        await settle_push(taken, clock.now() + dt.timedelta(seconds=30 * 2 ** (taken.tries - 1)))
    else:
        log.warning("a push is given up", device=str(taken.id), status=status)
        await settle_push(taken)


async def _words_if_wanted(taken: LeasedDevice) -> bytes | None:
    """Return the words to send, as late as can be asked; None where all was read meanwhile, or the hours are quiet."""
    async with unit():
        if not await hold_device(taken):
            return None
        practice, person = await the_practice(), taken.staff or taken.account
        words = await words_for(taken)
        open_to = taken.staff is not None or practice.portal_on
        if not (person and words and open_to and await is_unread(taken.number, taken.staff, taken.account)):
            await settle_push(taken)
            return None
        now = clock.now()
        later = (await mail_choice(person)).after_quiet(now, practice.zone)
        if later > now:
            await settle_push(taken, later)
            return None
    language, discreet = words
    title = say(language, "Portal") if discreet else rendering.practice["name"]
    return json.dumps({"title": title, "body": say(language, "Something new for you.")}).encode()


async def _post(subscription: dict[str, str], words: bytes) -> int:
    """Hand it to the push service; return the status of the answer. Nothing else of an answer is read, and no redirect
    followed."""
    endpoint = subscription["endpoint"]
    check_endpoint(endpoint)
    parts = urlsplit(endpoint)
    body = crypto.seal_push(words, subscription["p256dh"], subscription["auth"])
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc,
        "Authorization": _signature(f"{parts.scheme}://{parts.netloc}"),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Content-Length": str(len(body)),
        "TTL": str(KEPT),
        "Topic": "portal",
        "Urgency": "normal",
        "Connection": "close",
    }
    head = f"POST {path or '/'} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with asyncio.timeout(PATIENCE):
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        # The very address that was looked at: a name that means another one a moment later is of no use.
        reader, writer = await asyncio.open_connection(
            (await asyncio.to_thread(looked_up, parts.hostname or "", port, settings().push_anywhere))[0],
            port,
            ssl=ssl.create_default_context() if secure else None,
            server_hostname=parts.hostname if secure else None,
        )
        try:
            writer.write(head.encode("ascii") + b"\r\n" + body)
            await writer.drain()
            return int((await reader.readline()).split()[1])
        except IndexError:
            return 0
        finally:
            writer.close()


def _signature(audience: str) -> str:
    """Sign that it is this deployment which sends (VAPID), for twelve hours."""
    claims = {"aud": audience, "exp": int(time.time()) + 12 * 3600, "sub": f"mailto:no-reply@{own_host()}"}
    signed: str = Vapid02.from_raw((crypto.push_key() or "").encode()).sign(claims)["Authorization"]
    return signed


def check_endpoint(endpoint: str) -> None:
    """Refuse an address where no push service of a browser can be: it is a page that says where we send to. Raises
    Forbidden."""
    try:
        parts = urlsplit(endpoint)
        port, name = parts.port, parts.hostname
    except ValueError:
        raise Forbidden from None
    printable = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
    if not name or not printable or parts.username is not None or parts.fragment or len(endpoint) > 1000:
        raise Forbidden
    if settings().push_anywhere:
        return
    if parts.scheme != "https" or port not in (None, 443) or "." not in name:
        raise Forbidden
    try:
        literal = ipaddress.ip_address(name)
    except ValueError:
        return
    if not is_public(literal):
        raise Forbidden
