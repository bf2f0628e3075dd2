"""Webhooks: subscriptions, the outbox, and their delivery with the vendor's time-out, retries and switching off.

A call carries identifiers only, up to 5,000 of one moment; 200 or 204 within a second is success, anything else is
tried again each five minutes; twelve hours without a success switch the webhook off.
"""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from .options import Options
from .shop.clock import iso
from .store import Store
from .trade import Shop

Json = dict[str, Any]
ENTITIES = (
    "Orders",
    "Invoices",
    "OrderStatuses",
    "Products",
    "Labels",
    "Categories",
    "Customers",
    "Shipments",
    "Payments",
    "Pricelists",
    "Languages",
    "Availabilities",
)
EVENTS = tuple(f"{entity}.{what}" for entity in ENTITIES for what in ("create", "update", "delete"))
MOST_RECORDS = 5000
GIVE_UP = 12 * 3600
COLUMNS = "id, active, name, url, event, success_at, success_status, error_at, error_status, created"


class Mischief:
    """What goes wrong on the way of a webhook: the next calls are lost, sent twice, or sent in the wrong order."""

    def __init__(self) -> None:
        self.lose = self.duplicate = 0
        self.reorder = False

    def set(self, given: Json) -> Json:
        self.lose, self.duplicate = int(given.get("lose", 0)), int(given.get("duplicate", 0))
        self.reorder = bool(given.get("reorder", False))
        return {"lose": self.lose, "duplicate": self.duplicate, "reorder": self.reorder}

    def times(self) -> int:
        """How often the next call really goes out."""
        if self.lose:
            self.lose -= 1
            return 0
        if self.duplicate:
            self.duplicate -= 1
            return 2
        return 1


class Webhooks:
    """Subscriptions and delivery; the outbox survives a restart."""

    def __init__(self, store: Store, shop: Shop, options: Options) -> None:
        self.store, self.shop, self.options = store, shop, options
        self.mischief = Mischief()
        self.sent: list[Json] = []
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        shop.announce = self.announce

    # -- subscriptions ------------------------------------------------------------------------------------------------

    def problem(self, given: Json) -> str | None:
        """Why a webhook's fields cannot be taken."""
        if "event" in given and given["event"] not in EVENTS:
            return "event: unknown event"
        if "url" in given:
            url = urlsplit(str(given["url"]))
            if url.scheme not in {"http", "https"} or not url.hostname:
                return "url: expected an absolute URL"
        if "name" in given and not str(given["name"]).strip():
            return "name: required"
        return None

    def create(self, owner: str, given: Json) -> Json:
        with self.store.transaction():
            found = self.store.db.execute(
                "INSERT INTO webhooks(owner, active, name, url, event, created) VALUES(?,?,?,?,?,?)",
                (
                    owner,
                    _flag(given.get("active_yn", True)),
                    given["name"],
                    given["url"],
                    given["event"],
                    self.shop.now(),
                ),
            )
        return self.shown(found.lastrowid or 0)

    def update(self, webhook: int, given: Json) -> Json:
        """Change the fields given; switching on again starts the twelve hours anew."""
        columns = {"name": "name", "url": "url", "event": "event", "active_yn": "active"}
        changes = {columns[key]: value for key, value in given.items() if key in columns}
        with self.store.transaction():
            for column, value in changes.items():
                kept = _flag(value) if column == "active" else value
                self.store.db.execute(f"UPDATE webhooks SET {column}=? WHERE id=?", (kept, webhook))  # noqa: S608
            if changes.get("active"):
                self.store.db.execute("UPDATE webhooks SET failing_since=NULL WHERE id=?", (webhook,))
        return self.shown(webhook)

    def delete(self, webhook: int) -> bool:
        with self.store.transaction():
            self.store.db.execute("DELETE FROM outbox WHERE webhook=?", (webhook,))
            return self.store.db.execute("DELETE FROM webhooks WHERE id=?", (webhook,)).rowcount > 0

    def shown(self, webhook: int) -> Json:
        """The five fields that POST and PUT answer."""
        full = next(iter(self.subscriptions(webhook)), None)
        return {} if full is None else {key: full[key] for key in ("id", "active_yn", "name", "url", "event")}

    def subscriptions(self, webhook: int | None = None) -> list[Json]:
        where, values = ("1", ()) if webhook is None else ("id=?", (webhook,))
        rows = self.store.rows(f"SELECT {COLUMNS} FROM webhooks WHERE {where} ORDER BY id", values)  # noqa: S608
        return [
            {
                "id": row[0],
                "active_yn": bool(row[1]),
                "name": row[2],
                "url": row[3],
                "event": row[4],
                "last_success_call": None if row[5] is None else iso(row[5]),
                "last_success_call_status": row[6],
                "last_error_call": None if row[7] is None else iso(row[7]),
                "last_error_call_status": row[8],
                "creation_time": iso(row[9]),
            }
            for row in rows
        ]

    # -- delivery -----------------------------------------------------------------------------------------------------

    def announce(self, event: str, collection: str, record: Json) -> None:
        """Queue a record for every active webhook of an event, inside the transaction of the change."""
        hooks = self.store.rows("SELECT id FROM webhooks WHERE active=1 AND event=?", (event,))
        for (webhook,) in hooks:
            self.store.db.execute(
                "INSERT INTO outbox(webhook, collection, record, due) VALUES(?,?,?,?)",
                (webhook, collection, json.dumps(record), self.shop.now()),
            )

    def wake(self) -> None:
        """Deliver in the background what is due; called after every request, and by itself when a retry is due."""
        if self._task is not None and not self._task.done():
            return
        row = self.store.db.execute("SELECT min(due) FROM outbox").fetchone()
        if row[0] is None:
            return
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        wait = row[0] - self.shop.now()
        if wait <= 0:
            self._task = loop.create_task(self.deliver())
            self._task.add_done_callback(lambda task: None if task.cancelled() or loop.is_closed() else self.wake())
        else:
            self._timer = loop.call_later(wait, self.wake)

    async def deliver(self) -> None:
        """Send everything that is due now."""
        now = self.shop.now()
        due = self.store.rows("SELECT id, webhook, collection, record FROM outbox WHERE due<=? ORDER BY id", (now,))
        calls: dict[int, list[tuple[int, str, str]]] = {}
        for key, webhook, collection, record in due:
            calls.setdefault(webhook, []).append((key, collection, record))
        size = MOST_RECORDS if self.options.webhooks_at_once == "batch" else 1
        batches = [(hook, rows[i : i + size]) for hook, rows in calls.items() for i in range(0, len(rows), size)]
        if self.mischief.reorder:
            batches.reverse()
        timeout = aiohttp.ClientTimeout(total=self.options.webhook_timeout)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for webhook, rows in batches:
                await self._call(session, webhook, rows)

    async def _call(self, session: aiohttp.ClientSession, webhook: int, rows: list[tuple[int, str, str]]) -> None:
        found = self.store.rows("SELECT url, active FROM webhooks WHERE id=?", (webhook,))
        if not found or not found[0][1]:
            self._settle(webhook, rows, None)
            return
        body = {"project_name": self.options.project_name, rows[0][1]: [json.loads(record) for _, _, record in rows]}
        status: int | None = 200
        for _ in range(self.mischief.times()):
            status = await self._post(session, found[0][0], body)
        self._settle(webhook, rows, status)

    async def _post(self, session: aiohttp.ClientSession, url: str, body: Json) -> int:
        """The status of one call; 0 is a time-out or no connection."""
        try:
            async with session.post(url, json=body, allow_redirects=False) as reply:
                status = reply.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.sent.append({"url": url, "status": status, "body": body})
        del self.sent[:-1000]
        return status

    def _settle(self, webhook: int, rows: list[tuple[int, str, str]], status: int | None) -> None:
        """Forget what arrived (or whose webhook is off); try the rest again later; switch off after twelve hours."""
        now = self.shop.now()
        keys = json.dumps([key for key, _, _ in rows])
        with self.store.transaction():
            db = self.store.db
            if status in {200, 204, None}:
                db.execute("DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))", (keys,))
                if status is not None:
                    db.execute(
                        "UPDATE webhooks SET success_at=?, success_status=?, failing_since=NULL WHERE id=?",
                        (now, status, webhook),
                    )
                return
            db.execute(
                "UPDATE outbox SET due=? WHERE id IN (SELECT value FROM json_each(?))",
                (now + int(self.options.webhook_retry), keys),
            )
            db.execute(
                "UPDATE webhooks SET error_at=?, error_status=?, failing_since=coalesce(failing_since, ?) WHERE id=?",
                (now, status, now, webhook),
            )
            off = db.execute(
                "UPDATE webhooks SET active=0 WHERE id=? AND failing_since<=?", (webhook, now - GIVE_UP)
            ).rowcount
            if off:
                db.execute("DELETE FROM outbox WHERE webhook=?", (webhook,))

    async def flush(self) -> None:
        """Deliver what is due and come back when that is done."""
        if self._task is not None and not self._task.done():
            await self._task
        await self.deliver()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and not self._task.done() and not self._task.get_loop().is_closed():
            self._task.cancel()


def _flag(value: object) -> int:
    return int(value in (True, 1, "1", "true"))
