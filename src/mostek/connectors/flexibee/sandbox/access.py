"""Who asks: Basic login, sessions, rights and the licence.

Source: the handbook's "Authentication". A session's token goes in a header, a cookie or the address.
"""

import base64
import binascii
import secrets
import time

from aiohttp import web

from mostek.connectors.flexibee.sandbox.options import Options, User
from mostek.connectors.flexibee.sandbox.refusals import Denied
from mostek.connectors.flexibee.sandbox.store import Store

HEADER, COOKIE = "X-authSessionId", "authSessionId"


class Access:
    """Tells users apart and keeps their sessions."""

    def __init__(self, store: Store, options: Options) -> None:
        self._store = store
        self._options = options
        self._users = {user.name: user for user in options.users}

    def login(self, name: str, password: str) -> str | None:
        """A new session's token, or None when name or password is wrong."""
        if self._user(name, password) is None:
            return None
        token = secrets.token_hex(32)
        self._store.db.execute("INSERT INTO session VALUES (?, ?, ?)", (token, name, time.time()))
        return token

    def logout(self, name: str) -> None:
        """End all sessions of a user."""
        self._store.db.execute("DELETE FROM session WHERE user=?", (name,))

    def user(self, request: web.Request) -> User:
        """Who sends a request; ``Denied`` (401) when that is not known."""
        token = request.headers.get(HEADER) or request.cookies.get(COOKIE) or request.query.get(COOKIE)
        if token:
            return self._by_token(token)
        scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise Denied(401, "Je vyžadováno přihlášení.")
        try:
            name, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Denied(401, "Je vyžadováno přihlášení.") from None
        user = self._user(name, password)
        if user is None:
            raise Denied(401, "Bylo zadáno chybné uživatelské jméno či heslo.")
        return user

    def _user(self, name: str, password: str) -> User | None:
        user = self._users.get(name)
        return user if user is not None and secrets.compare_digest(user.password.encode(), password.encode()) else None

    def _by_token(self, token: str) -> User:
        row = self._store.db.execute("SELECT user, used FROM session WHERE token=?", (token,)).fetchone()
        if row is None or time.time() - row[1] > self._options.session_minutes * 60 or row[0] not in self._users:
            raise Denied(401, "Přihlášení vypršelo.")
        self._store.db.execute("UPDATE session SET used=? WHERE token=?", (time.time(), token))
        return self._users[row[0]]

    def check_read(self, user: User, path: str) -> None:
        """Refuse reading an evidence without a licence (404) or the right (403)."""
        if self._options.licence == "none":
            raise Denied(404, "REST API není aktivní.")
        if not user.may(path, "r"):
            raise Denied(403, "K provedení operace nemáte oprávnění.")

    def check_write(self) -> None:
        """Refuse writing without a licence for it (402)."""
        if self._options.licence != "full":
            raise Denied(402, "Licence neobsahuje REST API pro zápis.")
