"""The control API beside the vendor's: companies, a person's hand in the books, totals, documents, assumptions."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from mostek.connectors.flexibee.sandbox import imports, ledger, payments, seeds
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.clock import Clock
from mostek.connectors.flexibee.sandbox.options import ASSUMED, Options, User
from mostek.connectors.flexibee.sandbox.refusals import Denied
from mostek.connectors.flexibee.sandbox.store import Store
from mostek.connectors.flexibee.sandbox.whims import Whim, Whims

PERSON = User("ucetni", "", {"*": "rw"})
"""Whose hand edits the books through the control API."""


class Control:
    """Handles the vendor-specific control routes."""

    def __init__(self, store: Store, options: Options, clock: Clock, whims: Whims) -> None:
        self._store = store
        self._whims = whims
        self._options = options
        self._clock = clock

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Routes relative to /_sandbox; ``?company=`` names one, else the first counts."""
        return [
            web.post("/company", self._company),
            web.post("/edit", self._edit),
            web.put("/refusals", self._refusals),
            web.get("/totals", self._totals),
            web.get("/documents", self._documents),
            web.get("/assumed", self._assumed),
        ]

    def ledger(self) -> dict[str, Any]:
        """The books of every company, by its identifier."""
        return {
            "companies": {each.db: ledger.everything(self._books(each.db)) for each in seeds.companies(self._store)}
        }

    def _books(self, name: str | None) -> Books:
        listed = seeds.companies(self._store)
        company = next((each for each in listed if name in {None, each.db}), None)
        if company is None:
            raise web.HTTPNotFound(text=f"no company {name!r}; there are: {', '.join(each.db for each in listed)}")
        return Books(self._store, company, self._options, self._clock, PERSON.name)

    async def _company(self, request: web.Request) -> web.Response:
        data = await _json(request)
        name, country = str(data.get("name", "Druhá firma s.r.o.")), str(data.get("country", "CZ"))
        if country not in {"CZ", "SK"}:
            raise web.HTTPBadRequest(text=f"country: {country!r} must be CZ or SK")
        company = seeds.found(self._store, self._options, self._clock, name, country)
        return web.json_response({"company": company.db, "name": company.name}, status=201)

    async def _edit(self, request: web.Request) -> web.Response:
        """A person creates, changes, pays, cancels, locks or deletes a record.

        Body: ``{"company", "evidence", "id", ...}`` with one of ``"create": {fields}``, ``"change": {fields}``,
        ``"pay": amount or true``, ``"delete"``, ``"storno"``, ``"lock"``, ``"unlock"`` (true).
        """
        data = await _json(request)
        books = self._books(data.get("company"))
        path = str(data.get("evidence", "faktura-vydana"))
        try:
            report = imports.run(books, PERSON, _wanted(books, path, data), imports.How())
        except Denied as denied:
            raise web.HTTPBadRequest(text=str(denied)) from denied
        status = 200 if report.success else 409
        return web.json_response({"stats": report.stats, "results": report.results}, status=status)

    async def _refusals(self, request: web.Request) -> web.Response:
        """A list of ``{"containing", "words", "evidence", "shape"}`` replaces all rules about records to refuse."""
        try:
            data = await request.json()
            if not isinstance(data, list):
                raise ValueError("the body must be a list of rules")
            self._whims.replace([Whim.from_json(each) for each in data])
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response({"rules": len(self._whims.rules)})

    async def _totals(self, request: web.Request) -> web.Response:
        return web.json_response(ledger.summary(self._books(request.query.get("company"))))

    async def _documents(self, request: web.Request) -> web.Response:
        return web.json_response(ledger.documents(self._books(request.query.get("company"))))

    async def _assumed(self, request: web.Request) -> web.Response:
        return web.json_response([each.to_json(self._options[each.id]) for each in ASSUMED])


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        data = await request.json()
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    if not isinstance(data, dict):
        raise web.HTTPBadRequest(text="the body must be an object")
    return data


def _wanted(books: Books, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
    if "create" in data:
        return {path: data["create"]}
    named = str(data.get("id", ""))
    number = books.find(path, named) if named else None
    if number is None:
        raise web.HTTPNotFound(text=f"no record {named!r} in {path}")
    for action in ("delete", "storno", "lock", "unlock"):
        if data.get(action):
            return {path: {"id": str(number), "@action": action}}
    if data.get("pay"):
        return {"banka": _payment(books, number, data["pay"])}
    if "change" not in data:
        raise web.HTTPBadRequest(text="nothing to do: give create, change, pay, delete, storno, lock or unlock")
    return {path: {**data["change"], "id": str(number)}}


def _payment(books: Books, number: int, amount: object) -> dict[str, Any]:
    invoice = books.row(payments.PAID, number)
    rest = payments.rest_of(books, invoice)
    paid = str(abs(rest)) if amount is True else str(amount)
    foreign = "Men" if books.code("mena", invoice.get("mena")) != books.company.currency else ""
    bank = next(
        row["kod"] for row in books.rows("bankovni-ucet").values() if foreign == "" or row["mena"] == invoice["mena"]
    )
    return {
        "typDokl": "code:STANDARD",
        "banka": f"code:{bank}",
        "typPohybuK": "typPohybu.prijem" if rest >= 0 else "typPohybu.vydej",
        "datVyst": books.clock.today().isoformat(),
        "mena": str(invoice["mena"]),
        "varSym": invoice.get("varSym"),
        "bezPolozek": "true",
        f"sumOsv{foreign}": paid,
        "sparovani": {"uhrazovanaFak": {"filter": str(number)}, "zbytek": "castecnaUhradaNeboIgnorovat"},
    }
