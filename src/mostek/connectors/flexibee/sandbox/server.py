"""The vendor's addresses: what each takes and answers, over HTTP and JSON."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from mostek.connectors.flexibee.sandbox import imports, listing, metadata, payments
from mostek.connectors.flexibee.sandbox.access import Access
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.clock import Clock
from mostek.connectors.flexibee.sandbox.drawing import Drawer, bond, bonds
from mostek.connectors.flexibee.sandbox.facts import Evidence, evidence
from mostek.connectors.flexibee.sandbox.kinds import KINDS
from mostek.connectors.flexibee.sandbox.options import Options, User
from mostek.connectors.flexibee.sandbox.rates import period
from mostek.connectors.flexibee.sandbox.refusals import Denied
from mostek.connectors.flexibee.sandbox.seeds import companies
from mostek.connectors.flexibee.sandbox.store import Store
from mostek.connectors.flexibee.sandbox.whims import Whims

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_READ = msgspec.json.Decoder(float_hook=Decimal).decode
CHANGES_LIMIT, CHANGES_DEFAULT = 1000, 100


class Server:
    """Handles the requests of all companies."""

    def __init__(self, store: Store, options: Options, clock: Clock, whims: Whims) -> None:
        self._store = store
        self._whims = whims
        self._options = options
        self._clock = clock
        self._access = Access(store, options)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """All routes of the vendor's API that are simulated; /v2/c is /c with native types."""
        yield web.post("/login-logout/login.json", self._guard(self._login))
        yield web.get("/login-logout/session-keep-alive.js", self._guard(self._keep_alive))
        for ending in ("", ".json"):
            yield web.post(f"/status/user/{{name}}/logout{ending}", self._guard(self._logout))
        for root in ("/c", "/v2/c"):
            yield from self._company_routes(root)
            yield from self._evidence_routes(f"{root}/{{company}}/{{evidence}}")

    def _company_routes(self, root: str) -> Iterable[web.AbstractRouteDef]:
        company = f"{root}/{{company}}"
        # A route with its ending comes first: without it {company} would take "demo.json" for a name.
        for ending in (".json", ""):
            yield web.get(f"{root}{ending}", self._guard(self._companies))
            yield web.get(f"{company}/evidence-list{ending}", self._guard(self._evidence_list))
            yield web.get(f"{company}/changes{ending}", self._guard(self._changes))
            yield web.get(f"{company}/changes/status{ending}", self._guard(self._changes_status))
            for method in ("PUT", "POST"):
                yield web.route(method, f"{company}/changes/enable{ending}", self._guard(self._changes_on))
                yield web.route(method, f"{company}/changes/disable{ending}", self._guard(self._changes_off))
                yield web.route(method, f"{company}/banka/automaticke-parovani{ending}", self._guard(self._match))
                yield web.route(method, f"{company}{ending}", self._guard(self._import))
            yield web.get(f"{company}{ending}", self._guard(self._company))

    def _evidence_routes(self, base: str) -> Iterable[web.AbstractRouteDef]:
        filtered, detail = f"{base}/{{filter:\\(.*\\)}}", f"{base}/{{id}}"
        writes = ("PUT", "POST")
        for ending in (".json", ""):
            yield web.get(f"{base}{ending}", self._guard(self._list))
            yield from (web.route(m, f"{base}{ending}", self._guard(self._import)) for m in writes)
            yield from (web.route(m, f"{base}/query{ending}", self._guard(self._query)) for m in writes)
            yield from (web.route(m, f"{base}/get{ending}", self._guard(self._get)) for m in writes)
            yield web.get(f"{base}/properties{ending}", self._guard(self._properties))
            yield web.get(f"{base}/relations{ending}", self._guard(self._relations))
            yield web.get(f"{base}/$sum{ending}", self._guard(self._sum))
            yield web.get(f"{filtered}/$sum{ending}", self._guard(self._sum))
            yield from (web.route(m, f"{filtered}/query{ending}", self._guard(self._query)) for m in writes)
            yield web.get(f"{filtered}{ending}", self._guard(self._list))
            yield web.get(f"{detail}{ending}", self._guard(self._detail))
            yield from (web.route(m, f"{detail}{ending}", self._guard(self._import)) for m in writes)
            yield web.delete(f"{detail}{ending}", self._guard(self._delete))
            yield from (web.route(m, f"{detail}/odeslani-mailem{ending}", self._guard(self._mail)) for m in writes)
            yield web.get(f"{detail}/{{part}}{ending}", self._guard(self._part))

    def _guard(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                _check_format(request)
                return await handler(request)
            except Denied as denied:
                headers = {"WWW-Authenticate": 'Basic realm="ABRA Flexi"'} if denied.status == 401 else None
                body = {"winstrom": {"@version": "1.0", "success": _flag(request, False), "message": str(denied)}}
                return _answer(body, denied.status, headers)

        return guarded

    def _books(self, request: web.Request, user: User) -> Books:
        name = request.match_info["company"]
        company = next((each for each in companies(self._store) if each.db == name), None)
        if company is None:
            raise Denied(404, f"Firma '{name}' neexistuje.")
        return Books(self._store, company, self._options, self._clock, user.name)

    def _shape(self, request: web.Request) -> Evidence:
        found = evidence(request.match_info["evidence"])
        if found is None:
            raise Denied(404, f"Evidence '{request.match_info['evidence']}' neexistuje.")
        return found

    def _reading(self, request: web.Request) -> tuple[Books, Evidence]:
        user = self._access.user(request)
        books = self._books(request, user)
        shape = self._shape(request)
        self._access.check_read(user, shape.path)
        return books, shape

    # Sessions

    async def _login(self, request: web.Request) -> web.StreamResponse:
        try:
            data = json.loads(await request.text())
            name, password = str(data["username"]), str(data["password"])
        except (ValueError, KeyError, TypeError):
            raise Denied(400, "Tělo požadavku nelze přečíst.") from None
        token = self._access.login(name, password)
        if token is None:
            reason = "Uvedeno špatné uživatelské jméno nebo heslo."
            return _answer({"success": False, "errors": {"reason": reason}}, 401)
        return _answer({"success": True, "authSessionId": token})

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        self._access.user(request)
        self._access.logout(request.match_info["name"])
        return _answer({"success": True})

    async def _keep_alive(self, request: web.Request) -> web.StreamResponse:
        self._access.user(request)
        return _answer({"success": True})

    # Companies

    async def _companies(self, request: web.Request) -> web.StreamResponse:
        self._access.user(request)
        return _answer({"companies": {"company": [self._about(each.id) for each in companies(self._store)]}})

    async def _company(self, request: web.Request) -> web.StreamResponse:
        books = self._books(request, self._access.user(request))
        return _answer({"companies": {"company": self._about(books.company.id)}})

    def _about(self, number: int) -> Json:
        row = self._store.db.execute(
            "SELECT id, db, name, created, watching FROM company WHERE id=?", (number,)
        ).fetchone()
        return {
            "id": str(row[0]),
            "dbNazev": row[1],
            "nazev": row[2],
            "createDt": row[3],
            "show": "true",
            "watchingChanges": "true" if row[4] else "false",
            "stavEnum": "ESTABLISHED",
        }

    async def _evidence_list(self, request: web.Request) -> web.StreamResponse:
        self._books(request, self._access.user(request))
        return _answer(metadata.evidence_list())

    async def _properties(self, request: web.Request) -> web.StreamResponse:
        return _answer(metadata.properties(self._reading(request)[1]))

    async def _relations(self, request: web.Request) -> web.StreamResponse:
        return _answer(metadata.relations(self._reading(request)[1]))

    # Reading

    async def _list(self, request: web.Request) -> web.StreamResponse:
        books, shape = self._reading(request)
        page = listing.page_of(_parameters(request), detail="summary", native=_native(request))
        return self._listed(request, books, shape.path, _filter(request), page)

    async def _query(self, request: web.Request) -> web.StreamResponse:
        books, shape = self._reading(request)
        body = _winstrom(await _body(request))
        parameters = {**body, **_parameters(request)}
        page = listing.page_of(parameters, detail="summary", native=_native(request))
        return self._listed(request, books, shape.path, str(body.get("filter") or _filter(request)), page)

    def _listed(
        self, request: web.Request, books: Books, path: str, text: str, page: listing.Page
    ) -> web.StreamResponse:
        rows, count = listing.rows(books, path, text, page)
        body: Json = {"@version": "1.0"}
        if page.count:
            body["@rowCount"] = count if page.view.native else str(count)
        if page.version:
            body["@globalVersion"] = str(books.version())
        drawer = Drawer(books, path, page.view)
        body[path] = [drawer.draw(row) for row in rows]
        return _answer({"winstrom": body})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        books, shape = self._reading(request)
        wanted = _winstrom(await _body(request)).get("id", [])
        page = listing.page_of(_parameters(request), detail="summary", native=_native(request))
        found = (books.find(shape.path, str(each)) for each in (wanted if isinstance(wanted, list) else [wanted]))
        rows = [books.row(shape.path, number) for number in found if number is not None]
        drawer = Drawer(books, shape.path, page.view)
        shown = [drawer.draw(row) for row in rows]
        return _answer({"winstrom": {"@version": "1.0", shape.path: shown}})

    async def _sum(self, request: web.Request) -> web.StreamResponse:
        books, shape = self._reading(request)
        return _answer({"winstrom": {"@version": "1.0", "sum": listing.sums(books, shape.path, _filter(request))}})

    async def _detail(self, request: web.Request) -> web.StreamResponse:
        books, shape = self._reading(request)
        text = request.match_info["id"]
        number = books.find(shape.path, text)
        if number is None:
            raise Denied(404, f"Záznam '{text}' v evidenci {shape.path} neexistuje.")
        if not text.isdecimal():
            root = "/v2/c" if _native(request) else "/c"
            query = f"?{request.query_string}" if request.query_string else ""
            location = f"{root}/{quote(books.company.db)}/{shape.path}/{number}.json{query}"
            return _answer({}, 303, {"Location": location})
        page = listing.page_of(_parameters(request), detail="full", native=_native(request))
        return self._one(books, shape.path, number, page)

    def _one(self, books: Books, path: str, number: int, page: listing.Page) -> web.StreamResponse:
        body: Json = {"@version": "1.0"}
        if page.version:
            body["@globalVersion"] = str(books.version())
        body[path] = [Drawer(books, path, page.view).draw(books.row(path, number))]
        return _answer({"winstrom": body})

    async def _part(self, request: web.Request) -> web.StreamResponse:
        books, shape = self._reading(request)
        number = books.find(shape.path, request.match_info["id"])
        kind, part = KINDS.get(shape.path), request.match_info["part"]
        if number is None or kind is None:
            raise Denied(404, "Záznam neexistuje.")
        view = listing.page_of(_parameters(request), detail="full", native=_native(request)).view
        if part == "vazby":
            shown = [bond(books, row, view) for row in bonds(books, shape.path, number)]
            return _answer({"winstrom": {"@version": "1.0", "vazba": shown}})
        if part in kind.collections or part == "polozky":
            drawer = Drawer(books, kind.lines, view)
            shown = [drawer.draw(row) for row in books.lines(kind.lines, number)]
            return _answer({"winstrom": {"@version": "1.0", kind.lines: shown}})
        raise Denied(404, f"Podevidence '{part}' neexistuje.")

    # Writing

    async def _import(self, request: web.Request) -> web.StreamResponse:
        user = self._access.user(request)
        books = self._books(request, user)
        self._access.check_write()
        body = _winstrom(await _body(request))
        detail = None
        if "evidence" in request.match_info:
            shape = self._shape(request)
            if "id" in request.match_info:
                text = request.match_info["id"]
                if books.find(shape.path, text) is None:
                    raise Denied(404, f"Záznam '{text}' v evidenci {shape.path} neexistuje.")
                detail = (shape.path, text)
        report = imports.run(books, user, body, _how(request, body, self._whims), detail)
        return self._reported(request, report)

    def _reported(self, request: web.Request, report: imports.Report) -> web.StreamResponse:
        native = _native(request)
        stats = {name: number if native else str(number) for name, number in report.stats.items()}
        body = {
            "@version": "1.0",
            "success": _flag(request, report.success),
            "stats": stats,
            "results": report.results,
        }
        done = any(report.stats[name] for name in ("created", "updated", "deleted", "skipped"))
        status = 200
        if not report.success:
            status = int(self._options["partial_status"]) if done else 400
        elif report.made is not None and request.query.get("dry-run") != "true":
            status = 201
        headers = {"Location": f"{request.scheme}://{request.host}{report.made}"} if status == 201 else None
        return _answer({"winstrom": body}, status, headers)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        user = self._access.user(request)
        books, shape = self._books(request, user), self._shape(request)
        self._access.check_write()
        text = request.match_info["id"]
        number = books.find(shape.path, text)
        if number is None:
            raise Denied(404, f"Záznam '{text}' v evidenci {shape.path} neexistuje.")
        day = books.row(shape.path, number).get("datVyst")
        if shape.path in KINDS and period(books, day or "") != period(books, self._clock.today().isoformat()):
            # Unlike @action=delete, which takes documents of any period.
            raise Denied(403, "K provedení operace nemáte oprávnění.")
        body = {shape.path: {"id": str(number), "@action": "delete"}}
        return self._reported(request, imports.run(books, user, body, imports.How(native=_native(request))))

    async def _mail(self, request: web.Request) -> web.StreamResponse:
        books, shape = self._reading(request)
        self._access.check_write()
        number = books.find(shape.path, request.match_info["id"])
        if number is None or shape.path not in KINDS:
            raise Denied(404, "Záznam neexistuje.")
        with self._store.transaction():
            row = dict(books.row(shape.path, number))
            books.mail(shape.path, row)
            books.save(shape.path, {**row, "stavMailK": "stavMail.odeslano"})
        return _answer({"winstrom": {"@version": "1.0", "success": _flag(request, True)}})

    async def _match(self, request: web.Request) -> web.StreamResponse:
        user = self._access.user(request)
        books = self._books(request, user)
        self._access.check_write()
        if not user.may("banka", "w"):
            raise Denied(403, "K provedení operace nemáte oprávnění.")
        mode = request.query.get("mod", "varCas")
        if mode not in {"varCasUcet", "varCas", "jenVar", "jenCastka"}:
            raise Denied(400, f"Neznámý způsob párování '{mode}'.")
        with self._store.transaction():
            payments.match(books, mode)
        return _answer({"winstrom": {"@version": "1.0", "success": _flag(request, True)}})

    # Changes

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        books = self._books(request, self._access.user(request))
        if self._options.licence == "none":
            raise Denied(403, "REST API není aktivní.")
        if not books.watching() and self._options["changes_off"] == "refuse":
            raise Denied(400, "Sledování změn není zapnuto.")
        limit = min(int(request.query.get("limit", CHANGES_DEFAULT)), CHANGES_LIMIT)
        start = int(request.query.get("start", 0))
        found = books.changes(start, limit + 1, set(request.query.getall("evidence", [])))
        listed = found[:limit]
        following = str(int(listed[-1]["@in-version"]) + 1) if len(found) > limit else "none"
        body = {"@version": "1.0", "@globalVersion": str(books.version()), "changes": listed, "next": following}
        return _answer({"winstrom": body})

    async def _changes_status(self, request: web.Request) -> web.StreamResponse:
        books = self._books(request, self._access.user(request))
        return _answer({"winstrom": {"@version": "1.0", "changes": _flag(request, books.watching())}})

    async def _changes_on(self, request: web.Request) -> web.StreamResponse:
        return self._watch(request, on=True)

    async def _changes_off(self, request: web.Request) -> web.StreamResponse:
        return self._watch(request, on=False)

    def _watch(self, request: web.Request, *, on: bool) -> web.StreamResponse:
        books = self._books(request, self._access.user(request))
        if self._options.licence != "full":
            raise Denied(403, "Licence neobsahuje REST API pro zápis.")
        self._store.watch(books.company.id, on)
        return _answer({"winstrom": {"@version": "1.0", "success": _flag(request, True)}})


def _native(request: web.Request) -> bool:
    return request.path.startswith("/v2/")


def _flag(request: web.Request, value: bool) -> bool | str:
    return value if _native(request) else ("true" if value else "false")


def _answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, headers=headers, content_type="application/json", charset="utf-8"
    )


def _check_format(request: web.Request) -> None:
    last = request.path.rpartition("/")[2]
    if last.endswith((".json", ".js")):
        return
    if last.endswith((".xml", ".html", ".csv", ".pdf", ".isdoc", ".xls")):
        raise Denied(406, "Formát není simulován; použijte JSON.")
    if "json" not in request.headers.get("Accept", "") and "json" not in request.headers.get("Content-Type", ""):
        raise Denied(406, "Formát není simulován; použijte JSON.")


def _parameters(request: web.Request) -> Json:
    found: Json = dict(request.query)
    # A query-string filter is ignored, as the handbook warns; order may be repeated.
    found.pop("filter", None)
    if "order" in request.query:
        found["order"] = request.query.getall("order")
    return found


def _filter(request: web.Request) -> str:
    text = request.match_info.get("filter", "")
    return text[1:-1] if text else ""


async def _body(request: web.Request) -> Json:
    try:
        data = _READ(await request.read())
    except ValueError:
        raise Denied(400, "Tělo požadavku není platný JSON.") from None
    if not isinstance(data, dict):
        raise Denied(400, "Tělo požadavku není objekt.")
    return data


def _winstrom(body: Json) -> Json:
    inner = body.get("winstrom")
    if not isinstance(inner, dict):
        raise Denied(400, "V těle požadavku chybí element 'winstrom'.")
    return inner


def _how(request: web.Request, body: Mapping[str, Any], whims: Whims) -> imports.How:
    def on(name: str, default: str = "false") -> bool:
        return request.query.get(name, default).lower() == "true"

    atomic = str(body.get("@atomic", request.query.get("atomic", "true"))).lower() != "false"
    switches = (on("dry-run"), on("fail-on-warning"), on("code-in-response"))
    return imports.How(atomic, *switches, _native(request), whims)
