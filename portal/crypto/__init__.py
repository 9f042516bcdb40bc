"""Sealing what people entrust to Portal: AES-256-GCM, bound to the table, column and row it lies in.

A sealed value is `1 | length of key id | key id | nonce (12) | ciphertext and tag`. The key file is JSON,
`{"writing": "<id>", "keys": {"<id>": "<32 bytes, base64>"}}`: any number of keys can be read, one writes,
so keys can be replaced while the practice works. Beside them, `"push"` is the key by which push services of browsers
know this deployment (VAPID): made once, since each subscription is bound to it.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import http_ece
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_VERSION = 1


class Unreadable(Exception):
    """A sealed value that no key at hand opens, or that was moved from another row."""


@dataclass(frozen=True)
class Keyring:
    writing: str
    keys: dict[str, AESGCM]
    oldest: bytes = b""
    push: str = ""  # the private number, base64 as addresses have it

    def seal(self, text: str, place: str) -> bytes:
        """Encrypt text for `place` (table/column/row). The same text never gives the same bytes."""
        key_id = self.writing.encode()
        nonce = os.urandom(12)
        box = self.keys[self.writing].encrypt(nonce, text.encode(), place.encode())
        return bytes([_VERSION, len(key_id)]) + key_id + nonce + box

    def personal(self, holder: UUID) -> str:
        """The key, in base64, by which the browser of this account keeps what it can't send yet. It stays the same
        as long as the oldest key is in the file, and nobody's tells anything of another's."""
        return base64.b64encode(hmac.digest(self.oldest, b"kept/" + holder.bytes, "sha256")).decode()

    def mark(self, kind: str, text: str) -> str:
        """A mark, 64 hexadecimal digits, by which this text is known again and from which nobody without the key file
        can find it by guessing. What is marked for one kind is not known as another. It stays the same as long as
        the oldest key is in the file, whichever key writes."""
        return hmac.digest(self.oldest, f"mark/{kind}/{text}".encode("utf-8", "surrogatepass"), "sha256").hex()

    def open(self, sealed: bytes, place: str) -> str:
        """The text sealed for `place`; raises Unreadable for another place or an unknown key."""
        if len(sealed) < 2 or sealed[0] != _VERSION:
            raise Unreadable(f"{place} does not hold a sealed value of this version")
        end = 2 + sealed[1]
        name = sealed[2:end].decode("ascii", "replace")
        key = self.keys.get(name) or _look_again(name)
        if key is None:
            raise Unreadable(f"{place} was sealed with a key that is not in the key file")
        try:
            return key.decrypt(sealed[end : end + 12], sealed[end + 12 :], place.encode()).decode()
        except InvalidTag as reason:
            raise Unreadable(f"{place} was altered, or belongs to another row") from reason


_ring: Keyring | None = None
_path: Path | None = None


def load_keys(path: Path) -> Keyring:
    """Read the key file and use it from now on. Raises OSError or ValueError with what is wrong."""
    global _ring, _path
    held = json.loads(path.read_text())
    held_keys = {name: base64.b64decode(value) for name, value in held["keys"].items()}
    keys = {name: AESGCM(value) for name, value in held_keys.items()}
    if held["writing"] not in keys:
        raise ValueError(f"{path} names a writing key that it does not hold")
    push = held.get("push", "")
    if push:
        _push_pair(push)
    _ring, _path = Keyring(held["writing"], keys, next(iter(held_keys.values())), push), path
    return _ring


def _look_again(name: str) -> AESGCM | None:
    """A key that was added to the file while this process ran."""
    if _path is None:
        return None
    try:
        return load_keys(_path).keys.get(name)
    except (OSError, ValueError, KeyError):
        return None


def add_key(path: Path) -> str:
    """Add a key to the file and write with it from now on; the others stay readable. Gives its id."""
    held = json.loads(path.read_text())
    name = secrets.token_hex(4)
    held["keys"][name] = base64.b64encode(AESGCM.generate_key(256)).decode()
    held["writing"] = name
    _replace(path, held)
    return name


def add_push_key(path: Path) -> bool:
    """Add the key for pushes to a file that was made without one; False where there is one already."""
    held = json.loads(path.read_text())
    if held.get("push"):
        return False
    _replace(path, held | {"push": _new_push_key()})
    return True


def _replace(path: Path, held: dict[str, object]) -> None:
    beside = path.with_name(f"{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(held, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    load_keys(path)


def make_key_file(path: Path) -> None:
    """Write a new key file that only its owner may read. Never overwrites one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(4)
    key = base64.b64encode(AESGCM.generate_key(256)).decode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"writing": name, "keys": {name: key}, "push": _new_push_key()}, file)


def ring() -> Keyring:
    if _ring is None:
        raise RuntimeError("The keys are not loaded: call load_keys() before touching sealed values")
    return _ring


# --- Pushes ------------------------------------------------------------------------------------


def push_key() -> str | None:
    """The private key for pushes, where the key file has one."""
    return ring().push or None


def push_public() -> str | None:
    """Return the public key that a browser is given, so that nobody else can push to it."""
    if not ring().push:
        return None
    point = _push_pair(ring().push).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _in_address(point)


def is_push_point(text: str) -> bool:
    """Tell whether this can be the public key of a browser's subscription."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _from_address(text))
    except ValueError:
        return False
    return len(_from_address(text)) == 65


def is_push_secret(text: str) -> bool:
    """Tell whether this can be the secret a browser shares with us beside that key."""
    try:
        return len(_from_address(text)) == 16
    except ValueError:
        return False


def seal_push(words: bytes, point: str, secret: str) -> bytes:
    """Encrypt a push for the one browser that has this public key and secret (RFC 8291)."""
    sealed: bytes = http_ece.encrypt(
        words,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_from_address(point),
        auth_secret=_from_address(secret),
        version="aes128gcm",
    )
    return sealed


def digest(token: str) -> str:
    """Return the hash by which the token of a cookie or a link is found again: the token itself is kept nowhere."""
    return hashlib.sha256(token.encode()).hexdigest()


def _new_push_key() -> str:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _in_address(number.to_bytes(32, "big"))


def _push_pair(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(_from_address(text), "big"), ec.SECP256R1())


def _in_address(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _from_address(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
