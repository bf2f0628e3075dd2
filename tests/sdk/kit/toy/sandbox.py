"""The toy's server: records to read, entries to write, everything in memory."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web

PAGE = 10
Json = dict[str, Any]
TYPES = {"F", "D", "R"}
RATES = {"21": "V21", "12": "V12"}
PRODUCT = {"id": "P1", "kind": "product", "code": "HRNEK-1", "verb": "create", "key": "", "body": {}}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def item(place: int, kind: str, stamp: datetime) -> Json:
    price = Decimal(100 + place) + Decimal("0.25")
    sign = -1 if kind == "credit_note" else 1
    return {
        "number": f"{kind[0].upper()}{place:04}",
        "kind": kind,
        "name": f"Jana Testová {place}",
        "country": "cz",
        "dated": stamp.date().isoformat(),
        "changed": stamp.isoformat(timespec="seconds"),
        "order": f"O{place:04}",
        "total": float(sign * 3 * price),
        "corrects": f"I{place:04}" if kind == "credit_note" else None,
        "items": [{"title": "Hrnek", "quantity": 3 * sign, "price": float(price), "rate": 21 if place % 2 else 12}],
    }


class Toy:
    """The shop and the books."""

    name = "toy"

    def __init__(self, folder: Path, options: Mapping[str, str]) -> None:
        self.password = options.get("password", "toy-password")
        start = datetime.now(UTC) - timedelta(days=40)
        self.items = [
            item(place, kind, start + timedelta(days=place, hours=len(kind)))
            for place in range(15)
            for kind in ("order", "invoice", "credit_note")
        ]
        self.entries: list[Json] = []
        self.mails = 0

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        routes = {
            ("GET", "/status"): self.status,
            ("GET", "/records/{feed}"): self.records,
            ("POST", "/records/{feed}"): self.some,
            ("PUT", "/entries"): self.write,
            ("POST", "/entries"): self.search,
            ("GET", "/entries"): self.listed,
        }
        return [web.route(method, path, self._let_in(handler)) for (method, path), handler in routes.items()]

    def control(self) -> Iterable[web.AbstractRouteDef]:
        deeds = {
            "add": self.add,
            "change": self.change,
            "touch": self.touch,
            "delete": self.delete,
            "edit": self.edit,
            "foreign": self.foreign,
            "lock": self.lock,
            "product": lambda asked: PRODUCT,
        }

        def taking(deed: Any) -> Any:
            async def handle(request: web.Request) -> web.Response:
                return web.json_response(deed(await request.json()) or {})

            return handle

        return [web.post(f"/{name}", taking(deed)) for name, deed in deeds.items()]

    def ledger(self) -> Json:
        told = {"items": self.items, "entries": self.entries, "mails": self.mails}
        return json.loads(json.dumps(told))  # type: ignore[no-any-return]

    def close(self) -> None:
        return None

    def _let_in(self, handler: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {self.password}":
                return web.json_response({"error": "wrong password"}, status=401)
            body = json.loads(await request.read() or b"{}")
            return web.json_response(handler({**request.query, **request.match_info, "body": body}))

        return handle

    # the vendor's API

    def status(self, asked: Json) -> Json:
        return {"system": "Toy", "now": now()}

    def _feed(self, feed: str) -> list[Json]:
        return [item for item in self.items if (item["kind"] == "order") == (feed == "order")]

    def records(self, asked: Json) -> Json:
        since = datetime.fromisoformat(asked["from"])
        found = [item for item in self._feed(asked["feed"]) if datetime.fromisoformat(item["changed"]) >= since]
        found.sort(key=lambda item: (item["changed"], item["number"]))
        place = (int(asked["page"]) - 1) * PAGE
        return {"pages": -(-len(found) // PAGE), "now": now(), "items": found[place : place + PAGE]}

    def some(self, asked: Json) -> Json:
        found = [item for item in self._feed(asked["feed"]) if item["number"] in asked["body"]["numbers"]]
        return {"pages": 1, "now": now(), "items": found}

    def write(self, asked: Json) -> Json:
        return {"results": [self._written(entry) for entry in asked["body"]["entries"]]}

    def _by(self, key: str) -> Json | None:
        return next((entry for entry in self.entries if entry["key"] == key), None)

    def _written(self, sent: Json) -> Json:
        known = self._by(sent["key"])
        if known:
            return {"id": known["id"], "there": 1}
        return self._made(sent) if sent["verb"] == "create" else self._said(sent)

    def _made(self, sent: Json) -> Json:
        if sent.get("document_type", "F") not in TYPES:
            return {"error": f"unknown type {sent['document_type']}", "field": "document_type"}
        if sent["kind"] == "contact" and not sent["body"]["name"].strip():
            return {"error": "a contact has a name", "field": "name"}
        entry = {**sent, "id": f"T{len(self.entries) + 1}", "unpaid": sent["body"].get("total")}
        self.entries.append(entry)
        self.mails += bool(sent.get("notify"))
        return {"id": entry["id"], "there": 0}

    def _said(self, sent: Json) -> Json:
        found = [e for e in self.entries if sent["document"] and sent["document"] in {e["key"], e["id"]}]
        if not found:
            return {"error": "no such document", "field": "document"}
        target = found[0]
        if sent["verb"] in {"adopt", "update", "cancel"}:
            return self._changed(target, sent)
        name, value = ("credited", sent["corrects"]) if sent["verb"] == "link" else ("unpaid", "0")
        there = int(target.get(name) == value)
        target[name] = value
        return {"id": target["id"], "there": there}

    def _changed(self, target: Json, sent: Json) -> Json:
        verb, told = sent["verb"], {"id": target["id"], "there": 1}
        if sent["key"] in target.get("changes", []) or (verb == "cancel" and target.get("cancelled")):
            return told
        if verb == "adopt" and target["key"]:
            return {"error": f"belongs to {target['key']}", "field": "key"}
        if verb != "adopt" and target.get("locked"):
            return {"error": "the document is locked", "field": "locked"}
        if verb == "adopt":
            target["key"] = sent["key"]
        elif verb == "cancel":
            target["cancelled"] = True
        else:
            target |= {"body": sent["body"], "changes": [*target.get("changes", []), sent["key"]]}
            self.mails += bool(sent.get("notify"))
        return {**told, "there": 0}

    def lock(self, asked: Json) -> None:
        next(entry for entry in self.entries if entry["id"] == asked["id"])["locked"] = True

    def search(self, asked: Json) -> Json:
        """Entries by fields: a list of lists, one for each condition."""
        found = [*self.entries, PRODUCT]
        where = asked["body"]["where"]
        rates = [{"code": RATES.get(value), "id": RATES.get(value)} for name, value in where if name == "rate"]
        if rates:
            return {"entries": [rate for rate in rates if rate["id"]]}
        return {
            "entries": [e for e in found if any((e.get(n) or e["body"].get(n)) == value for n, value in where)],
        }

    def listed(self, asked: Json) -> Json:
        after = int(asked["after"])
        found = [
            entry
            for entry in self.entries
            if entry["kind"] != "contact"
            and asked["from"] <= entry["body"]["issued"] <= asked["to"]
            and int(entry["id"][1:]) > after
        ]
        return {"entries": found[:PAGE]}

    # a person's hand

    def add(self, asked: Json) -> None:
        for kind in ("order", "invoice", "credit_note"):
            self.items.append(item(len(self.items), kind, datetime.now(UTC)))

    def _item(self, number: str) -> Json:
        return next(item for item in self.items if item["number"] == number)

    def change(self, asked: Json) -> None:
        found = self._item(asked["number"])
        found["name"] += " nově"
        found["changed"] = now()

    def touch(self, asked: Json) -> None:
        for found in self.items:
            found["changed"] = now()

    def delete(self, asked: Json) -> None:
        self.items.remove(self._item(asked["number"]))

    def edit(self, asked: Json) -> None:
        entry = next(entry for entry in self.entries if entry["id"] == asked["id"])
        entry["body"]["total"] = str(Decimal(entry["body"]["total"]) + 10)

    def foreign(self, asked: Json) -> Json:
        entry = {
            "key": "",
            "kind": "invoice",
            "verb": "create",
            "id": f"T{len(self.entries) + 1}",
            "body": asked["body"],
        }
        self.entries.append(entry)
        return {"id": entry["id"]}


def create(folder: Path, options: Mapping[str, str]) -> Toy:
    """A toy, as the sandboxes' runtime makes them."""
    return Toy(folder, options)
