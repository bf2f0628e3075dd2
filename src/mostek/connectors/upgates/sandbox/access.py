"""The door of the API: who may come in, how often, and where the shop has moved to.

Logins and rights (401, 403), the lock after five bad logins, the quota of hour and day, three calls at once (429), and
the server move (301 without Location).
"""

import base64
import binascii
import hmac
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from .options import Options
from .shop.clock import local
from .store import Store
from .trade import Shop

Json = dict[str, Any]

# Calls per hour and day of each tariff; a pack adds 25 and 400. A verified add-on is not limited.
TARIFFS = {
    "bronze": (10, 100),
    "silver": (15, 300),
    "gold": (50, 600),
    "platinum": (100, 1500),
    "exclusive": (100, 1500),
}
PACK = (25, 400)
MOST_PACKS = 60
BAD_LOGINS = 5
HOUR = 3600

# Endpoints with a right of their own; status and webhooks are open to every user.
SERVICES = (
    "orders",
    "order-statuses",
    "invoices",
    "products",
    "customers",
    "shipments",
    "payments",
    "config",
    "owner",
    "languages",
    "pricelists",
)
ALWAYS = frozenset({"status", "webhooks"})
RIGHTS = ("deny", "readonly", "all")


@dataclass(frozen=True, slots=True)
class User:
    """One API user; `team` is the group whose calls at once are counted together."""

    login: str
    secret: str
    team: str
    active: bool
    privileges: dict[str, str]

    def right(self, service: str) -> str:
        return "all" if service in ALWAYS else self.privileges.get(service, "all")


def answer(status: int, body: Json | str, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer; text is taken as JSON that is ready."""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":")).replace("/", "\\/")
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as the API writes it: JSON with the text of a message."""
    return answer(status, {"message": message}, headers)


def _gmt(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


class Door:
    """Checks every call before its handler; state that must survive a restart is in the store."""

    def __init__(self, store: Store, shop: Shop, options: Options) -> None:
        self.store, self.shop, self.options = store, shop, options
        self.inside: Counter[str] = Counter()
        self.limits: tuple[int, int] | None = None
        if options.tariff != "addon":
            if not 0 <= options.packs <= MOST_PACKS:
                raise ValueError(f"option packs={options.packs}: expected 0 to {MOST_PACKS}")
            hour, day = TARIFFS[options.tariff]
            self.limits = (hour + options.packs * PACK[0], day + options.packs * PACK[1])
        with store.transaction():
            store.db.execute(
                "INSERT OR REPLACE INTO users VALUES(?,?,?,1,?)", (options.login, options.key, "default", "{}")
            )

    # -- users --------------------------------------------------------------------------------------------------------

    def user(self, login: str) -> User | None:
        row = self.store.db.execute("SELECT * FROM users WHERE login=?", (login,)).fetchone()
        return None if row is None else User(row[0], row[1], row[2], bool(row[3]), json.loads(row[4]))

    def save_user(self, given: Json) -> User:
        """Create or change a user; a changed right switches his webhooks off."""
        login = str(given["login"])
        before = self.user(login)
        known = before or User(login, self.options.key, "default", True, {})
        rights = {str(service): str(right) for service, right in given.get("privileges", known.privileges).items()}
        if wrong := [service for service in rights if service not in SERVICES or rights[service] not in RIGHTS]:
            raise ValueError(f"privileges.{wrong[0]}: expected a service of GET /status and one of {', '.join(RIGHTS)}")
        user = User(
            login,
            str(given.get("key", known.secret)),
            str(given.get("group", known.team)),
            bool(given.get("active", known.active)),
            rights,
        )
        with self.store.transaction():
            self.store.db.execute(
                "INSERT OR REPLACE INTO users VALUES(?,?,?,?,?)",
                (user.login, user.secret, user.team, user.active, json.dumps(rights)),
            )
            if before is not None and before.privileges != rights:
                self.store.db.execute("UPDATE webhooks SET active=0 WHERE owner=?", (login,))
        return user

    # -- the checks ---------------------------------------------------------------------------------------------------

    def moved(self, request: web.Request) -> web.Response | None:
        """301 with the new address in the body and no Location, unless the call already came to the new host."""
        target = self.store.meta("moved")
        if not target or urlsplit(target).netloc == request.host:
            return None
        return answer(301, {"api_url": target})

    def login(self, request: web.Request) -> User | web.Response:
        """The user of a call, or 401 or 403."""
        address, since = request.remote or "", self.shop.now() - HOUR
        (bad,) = self.store.db.execute(
            "SELECT count(*) FROM bad_logins WHERE ip=? AND at>?", (address, since)
        ).fetchone()
        if bad >= BAD_LOGINS:
            return refusal(403, "Too many failed logins from this address, try again later.")
        given = _credentials(request.headers.get("Authorization", ""))
        if given is None:
            return refusal(401, "Missing login.", {"WWW-Authenticate": 'Basic realm="Upgates API"'})
        user = self.user(given[0])
        if user is None or not hmac.compare_digest(user.secret.encode(), given[1].encode()):
            with self.store.transaction():
                self.store.db.execute("DELETE FROM bad_logins WHERE at<=?", (since,))
                self.store.db.execute("INSERT INTO bad_logins VALUES(?,?)", (address, self.shop.now()))
            return refusal(401, "Wrong login or API key.", {"WWW-Authenticate": 'Basic realm="Upgates API"'})
        return user if user.active else refusal(403, "The API user is not active.")

    def allowed(self, user: User, service: str, method: str) -> web.Response | None:
        """403 where the user has no right to the endpoint or the method."""
        right = user.right(service)
        if right == "all" or (right == "readonly" and method == "GET"):
            return None
        return refusal(403, f"No permission for {method} {service}.")

    def spend(self) -> tuple[dict[str, str], web.Response | None]:
        """Take one call from the hour's quota, then from the day's; the limit headers, and 429 when both are empty."""
        if self.limits is None:
            return {}, None
        now = self.shop.now()
        here = local(now)
        periods = (here.strftime("hour %Y-%m-%dT%H%z"), here.strftime("day %Y-%m-%d"))
        used = [self._used(period) for period in periods]
        refused = None
        for i in (0, 1):
            if used[i] < self.limits[i]:
                used[i] += 1
                with self.store.transaction():
                    self.store.db.execute("INSERT OR REPLACE INTO quota VALUES(?,?)", (periods[i], used[i]))
                break
        else:
            refused = refusal(429, "The limit of API calls is used up.")
        left = [limit - taken for limit, taken in zip(self.limits, used, strict=True)]
        headers = {
            "X-Rate-Limit-Hour": str(self.limits[0]),
            "X-Rate-Limit-Day": str(self.limits[1]),
            "X-Rate-Limit-Hour-Remaining": str(left[0]),
            "X-Rate-Limit-Day-Remaining": str(left[1]),
            "X-Rate-Limit-Total-Remaining": str(sum(left)),
        }
        if refused is not None:
            next_hour = here.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            headers["Retry-After"] = _gmt(next_hour.timestamp())
        return headers, refused

    def _used(self, period: str) -> int:
        row = self.store.db.execute("SELECT used FROM quota WHERE period=?", (period,)).fetchone()
        return 0 if row is None else int(row[0])

    def crowded(self, user: User) -> web.Response | None:
        """429 when the user's group already has its calls inside."""
        if self.inside[user.team] < self.options.concurrency:
            return None
        return refusal(429, "Too many calls at once.", {"Retry-After": _gmt(self.shop.now() + 1)})


def _credentials(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, colon, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (login, key) if colon else None
