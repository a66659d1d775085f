"""The store's RSA key pair and the check of the X-sws-signature header.

Yahoo! hands the merchant a public key; every order call carries `seller:unix seconds` encrypted
with it. What lives here is the private half and the verdict that goes out in the header
X-SWS-Authorize-Status. A bad verdict does not fail a call by itself: the gate decides that from
the age of the consent. Contract: section 2.4.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Short for a real key, but made in 10 ms: every test and every renewal makes one.
KEY_BITS = 1024
PUBLIC_EXPONENT = 65537
# Shorter printable plain texts are what a failed decryption looks like once in a while: the
# cryptography library answers random bytes for a wrong padding instead of an error.
PLAINTEXT_LENGTH_MIN = 4

AuthorizeStatus = Literal[
    "authorized",
    "none",
    "expired-key-version",
    "invalid-key-version",
    "not-found-key-version",
    "invalid-key-status",
    "expired-timestamp",
    "invalid-timestamp",
    "invalid-sellerid",
    "invalid-authorize-value",
    "unauthorized",
]


@dataclass(slots=True)
class IssuedKey:
    """One key of 暗号鍵管理: its number, its private half, and whether it still counts."""

    version: int
    private_key: rsa.RSAPrivateKey
    is_enabled: bool = True

    @property
    def public_pem(self) -> str:
        """What the merchant copies out of ストアクリエイターPro."""
        public = self.private_key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


class KeyCabinet:
    """All keys ever issued to the one store; the newest is the one that works."""

    def __init__(self) -> None:
        self._keys: dict[int, IssuedKey] = {}
        self.issue()

    def issue(self) -> IssuedKey:
        """Make the next key and disable the ones before it."""
        for key in self._keys.values():
            key.is_enabled = False
        version = len(self._keys) + 1
        private_key = rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS)
        self._keys[version] = IssuedKey(version, private_key)
        return self._keys[version]

    @property
    def newest(self) -> IssuedKey:
        """The key that the printed credentials carry."""
        return self._keys[len(self._keys)]

    def verdict(
        self, headers: Mapping[str, str], seller_id: str, now_s: float, window_s: float
    ) -> AuthorizeStatus:
        """Judge one call's headers, in the order in which the causes hide each other."""
        signature = headers.get("x-sws-signature")
        version = headers.get("x-sws-signature-version")
        if not signature:
            return "none"
        if version is None or not (version.isascii() and version.isdigit()):
            return "invalid-key-version"
        # A number too long for any key is not worth converting.
        key = self._keys.get(int(version)) if len(version) < 10 else None
        if key is None:
            return "not-found-key-version"
        if not key.is_enabled:
            return "invalid-key-status"
        plaintext = _decrypted(key.private_key, signature)
        if plaintext is None:
            return "unauthorized"
        return _verdict_on_plaintext(plaintext, seller_id, now_s, window_s)


def _verdict_on_plaintext(
    plaintext: str, seller_id: str, now_s: float, window_s: float
) -> AuthorizeStatus:
    seller, colon, stamp = plaintext.partition(":")
    if not colon:
        return "invalid-authorize-value"
    if seller != seller_id:
        return "invalid-sellerid"
    if not (stamp.isascii() and stamp.isdigit()):
        return "invalid-timestamp"
    if len(stamp) > 12 or abs(int(stamp) - now_s) > window_s:
        return "expired-timestamp"
    return "authorized"


def _decrypted(private_key: rsa.RSAPrivateKey, signature: str) -> str | None:
    try:
        ciphertext = base64.b64decode(signature, validate=True)
        plaintext = private_key.decrypt(ciphertext, padding.PKCS1v15()).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    if len(plaintext) < PLAINTEXT_LENGTH_MIN or not plaintext.isprintable():
        return None
    return plaintext
