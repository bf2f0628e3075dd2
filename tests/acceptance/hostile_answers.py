"""The table of hostile answers: what a shop or books say instead of the truth, and what must become of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.hostile_house import Lie

JSON = {"Content-Type": "application/json"}
FAR = "Fri, 31 Dec 9999 23:59:59 GMT"
ELSEWHERE = "http://elsewhere.example/"  # replaced by the address of a listener
OTHER_DOOR = "http://other-door.example/"  # replaced by another address of the same shop


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One way to answer: by lies on the wire, by faults of the simulator, or by wrong settings.

    ``cause`` is what must be told about it and ``state`` how the connection must stand after it; an empty cause means
    that it must not matter. ``most`` is how many calls may be made while it lasts, whatever runs. ``patience`` is
    how long an answer is waited for, ``settings`` are wrong ones, which the cure puts right.
    """

    name: str
    cause: str = ""
    state: str = "active"
    lies: Sequence[Lie] = ()
    faults: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    most: int = 0
    patience: float = 0


def said(status: int, body: Any = None, **headers: str) -> Lie:
    """A lie about the list of invoices."""
    raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {"message": "no"}).encode()
    return Lie(path=r"/invoices$", status=status, body=raw, headers={**JSON, **headers})


def refused(status: int, body: Any = None, **headers: str) -> Lie:
    """A lie about every write into the books."""
    raw = body if isinstance(body, bytes) else json.dumps(body or {"winstrom": {"success": "false"}}).encode()
    return Lie(method="PUT", status=status, body=raw, headers={**JSON, **headers})


def stopped(name: str, cause: str, *lies: Lie, **more: Any) -> Hostile:
    """After this one nothing more may be tried until the owner has acted."""
    return Hostile(name=name, cause=cause, state="stopped", lies=lies, most=more.pop("most", 1), **more)


def paused(name: str, cause: str, *lies: Lie, **more: Any) -> Hostile:
    """After this one it is tried again by itself."""
    return Hostile(name=name, cause=cause, lies=lies, **more)


def _page(*items: Any, **beside: Any) -> dict[str, Any]:
    return {"current_page": 1, "number_of_pages": 1, "number_of_items": len(items), "invoices": list(items), **beside}


INVOICES = {"path": r"/invoices$"}
ERROR = [{"object": "invoice", "property": "page", "message": "Chyba", "level": "error"}]
HTML = b"<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>"
MANY = b'{"invoices":[{"a":' + b"[" * 5000 + b"1" + b"]" * 5000 + b"}]"

SHOP_ANSWERS: tuple[Hostile, ...] = (
    paused("business failure in HTTP 200", "upgates.said_no", said(200, _page(messages=ERROR))),
    paused(
        "fatal error in HTTP 200", "upgates.said_no", said(200, _page(messages=[{**ERROR[0], "level": "fatal_error"}]))
    ),
    paused("200 with informing messages", "", said(200, _page(messages=[{**ERROR[0], "level": "info"}]))),
    paused("200 with messages of another shape", "", said(200, _page(messages={"a": [1]}))),
    paused("301 without Location, same pattern", "", said(301, {"api_url": f"{OTHER_DOOR}api/v2"})),
    stopped("301 without Location, foreign host", "upgates.moved_away", said(301, {"api_url": f"{ELSEWHERE}api/v2"})),
    stopped("301 with Location, foreign host", "upgates.moved_away", said(301, {}, Location=f"{ELSEWHERE}api/v2")),
    stopped(
        "301 with credentials in the address",
        "upgates.moved_away",
        said(301, {"api_url": f"{OTHER_DOOR.replace('//', '//me:secret@')}api/v2"}),
    ),
    stopped("301 with a body that is no JSON", "upgates.moved_away", said(301, HTML)),
    stopped("302 to a foreign host", "upgates.redirected", said(302, {}, Location=ELSEWHERE)),
    stopped("307 to a foreign host", "upgates.redirected", said(307, {}, Location=ELSEWHERE)),
    stopped("400", "upgates.refused", said(400)),
    stopped("404", "upgates.not_found", said(404)),
    stopped("405", "upgates.refused", said(405)),
    stopped("413", "upgates.refused", said(413)),
    stopped("501", "upgates.refused", said(501)),
    stopped("401", "upgates.login", said(401)),
    stopped("403 locked", "upgates.forbidden", said(403)),
    stopped("wrong API key", "upgates.login", settings={"api_key": "wrong-key"}),
    paused("402, which the vendor does not document", "upgates.unexpected", said(402)),
    paused("429 with a GMT date", "upgates.limit", said(429, **{"Retry-After": FAR}), most=1),
    paused("429 with seconds", "upgates.limit", said(429, **{"Retry-After": "3"}), most=1),
    paused("429 without a time", "upgates.limit", said(429), most=1),
    paused("429 with nonsense", "upgates.limit", said(429, **{"Retry-After": "soon; -1e99"}), most=1),
    paused("500", "upgates.server_error", said(500)),
    paused("503 with a web page", "upgates.server_error", said(503, HTML)),
    paused("HTML for JSON", "upgates.html", said(200, HTML, **{"Content-Type": "text/html"})),
    paused("truncated body", "response.cut", faults=[{"fault": "truncated", **INVOICES}]),
    paused("truncated JSON", "upgates.not_json", said(200, b'{"number_of_pages":1,"invoices":[{"invoice_number":"X"')),
    paused("empty body", "upgates.not_json", said(200, b"")),
    paused("another root", "upgates.not_json", said(200, [1, 2])),
    paused("null", "upgates.not_json", said(200, b"null")),
    paused("no list", "upgates.unexpected", said(200, {"number_of_pages": 1})),
    paused("the list is null", "upgates.unexpected", said(200, {"invoices": None})),
    paused("deep nesting, not closed", "upgates.not_json", said(200, MANY)),
    paused("gzip bomb", "response.too_large", faults=[{"fault": "bomb", **INVOICES}]),
    paused("gzip that is none", "response.cut", said(200, b"\x1f\x8b\x08nonsense", **{"Content-Encoding": "gzip"})),
    paused("slow answer", "system.no_answer", faults=[{"fault": "slow", "seconds": 0.8, **INVOICES}], patience=0.4),
    paused("connection reset", "system.no_answer", faults=[{"fault": "drop", **INVOICES}]),
    paused("endless pages", "", said(200, _page({"invoice_number": "E1"}, number_of_pages=999_999_999)), most=20),
    paused("pages that are no number", "", said(200, _page(number_of_pages="1e99")), most=20),
    paused("order list away", "", faults=[{"fault": "unavailable", "path": r"/orders$"}]),
)

LISTED = {"winstrom": {"success": "true", "stats": {"created": "1"}}}

BOOKS_ANSWERS: tuple[Hostile, ...] = (
    stopped("402 without a licence", "flexibee.licence", refused(402)),
    stopped("401", "flexibee.login", refused(401)),
    stopped("403", "flexibee.rights", refused(403)),
    stopped("company missing", "flexibee.company", settings={"company": "neni"}, most=1),
    stopped("wrong password", "flexibee.login", settings={"password": "wrong"}, most=1),
    stopped("302 to a foreign host", "flexibee.moved", refused(302, None, Location=ELSEWHERE)),
    stopped("302 to the login form", "flexibee.login", refused(302, None, Location="/login-logout/login.html")),
    paused("302 in circles", "flexibee.redirected", refused(302, None, Location="/c/demo/adresar.json")),
    paused("500 without commit", "flexibee.fault", faults=[{"fault": "error_before", "method": "PUT"}]),
    paused("500 after commit", "flexibee.fault", faults=[{"fault": "error_after", "method": "PUT"}]),
    paused("503", "flexibee.fault", faults=[{"fault": "unavailable", "method": "PUT"}]),
    paused("503 for reading too", "flexibee.fault", faults=[{"fault": "unavailable"}]),
    paused("429 with seconds", "flexibee.busy", faults=[{"fault": "rate_limited", "method": "PUT", "seconds": 1}]),
    paused("answer lost after commit", "system.no_answer", faults=[{"fault": "answer_lost", "method": "PUT"}]),
    paused("connection reset", "system.no_answer", faults=[{"fault": "drop", "method": "PUT"}]),
    paused("truncated answer after commit", "response.cut", faults=[{"fault": "truncated", "method": "PUT"}]),
    paused(
        "slow answer", "system.no_answer", faults=[{"fault": "slow", "seconds": 0.8, "method": "PUT"}], patience=0.4
    ),
    paused("gzip bomb", "response.too_large", faults=[{"fault": "bomb", "method": "PUT"}]),
    paused("HTML for JSON", "payload.no_json", faults=[{"fault": "html", "method": "PUT"}]),
    paused("success without results", "flexibee.silent", refused(200, LISTED)),
    paused("another root", "field.type", refused(200, b"[1]")),
    paused("NaN in the answer", "number.invalid", refused(200, b'{"winstrom":{"success":NaN}}')),
    paused("repeated keys in the answer", "payload.repeated_key", refused(200, b'{"winstrom":{},"winstrom":{}}')),
    paused("deep nesting in the answer", "payload.too_deep", refused(200, b'{"a":' * 5000 + b"1" + b"}" * 5000)),
)
