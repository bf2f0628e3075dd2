"""The control API beside the vendor's: companies, a person's hand in the books, totals, documents, assumptions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiohttp import web

from mostek.connectors.flexibee.sandbox import hand, imports, ledger, payments, seeds
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.clock import Clock
from mostek.connectors.flexibee.sandbox.facts import evidence
from mostek.connectors.flexibee.sandbox.hand import PERSON
from mostek.connectors.flexibee.sandbox.options import ASSUMED, Options
from mostek.connectors.flexibee.sandbox.store import Store
from mostek.connectors.flexibee.sandbox.whims import Whim, Whims


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
            web.post("/fill", self._fill),
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
        """A person does something to a record, to several, or several things in turn.

        Body: one deed ``{"company", "evidence", "id" or "ids", deed}`` or ``{"company", "edits": [deeds]}``. The answer
        adds the imports' statistics and results up, and tells in ``done`` which fields have another value now.
        """
        data = await _json(request)
        books = self._books(data.get("company"))
        done: list[hand.Done] = []
        try:
            for deed in data.get("edits", [data]):
                done += hand.do(books, deed)
        except hand.NotThereError as error:
            raise web.HTTPNotFound(text=str(error)) from error
        except hand.AskedWrongError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        answer = {
            "stats": {name: sum(each.stats.get(name, 0) for each in done) for name in imports.COUNTED},
            "results": [result for each in done for result in each.results],
            "done": [{"evidence": each.evidence, "id": each.id, "changed": each.changed} for each in done],
        }
        return web.json_response(answer, status=200 if all(each.success for each in done) else 409)

    async def _fill(self, request: web.Request) -> web.Response:
        """Many records at once: ``{"company", "evidence", "documents": [fields], "at": moment, "by": name}``."""
        data = await _json(request)
        books = replace(self._books(data.get("company")), user=str(data.get("by", PERSON.name)))
        path = str(data.get("evidence", payments.PAID))
        if evidence(path) is None or not isinstance(data.get("documents"), list):
            raise web.HTTPBadRequest(text="give documents, a list, of an evidence that the sandbox knows")
        try:
            at = datetime.fromisoformat(str(data["at"])) if data.get("at") else None
            return web.json_response(hand.fill(books, path, data["documents"], at), status=201)
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error

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
