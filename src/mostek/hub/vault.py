"""Secrets at rest: encrypted with a key that lies outside the database and outside its backups."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mostek.documents.problem import invalid


class Vault:
    """Encrypts and decrypts the secrets of connections.

    The key file holds one key per line, the newest first; older ones still decrypt, so a key can be replaced. It is
    made when missing, readable by its owner only.
    """

    def __init__(self, key_file: Path) -> None:
        if not key_file.exists():
            descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
        try:
            self._keys = key_file.read_bytes().split()
            self._fernet = MultiFernet([Fernet(key) for key in self._keys])
        except ValueError:  # no key at all, or something else than keys
            raise invalid("vault.broken_key", "key", file=key_file) from None

    def lock(self, secrets: Mapping[str, str]) -> str:
        """Encrypt a mapping of secrets to a text for the database."""
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode()).decode()

    def derived(self, purpose: str) -> str:
        """Another secret, made from the newest key for one purpose, so that there is only one file to keep."""
        made = HKDF(SHA256(), length=48, salt=None, info=purpose.encode()).derive(self._keys[0])
        return base64.urlsafe_b64encode(made).decode()

    def unlock(self, locked: str) -> dict[str, str]:
        """Decrypt; raises ``vault.wrong_key`` when the key file is not the one it was encrypted with."""
        try:
            return dict(json.loads(self._fernet.decrypt(locked.encode())))
        except InvalidToken:
            raise invalid("vault.wrong_key", "key") from None
