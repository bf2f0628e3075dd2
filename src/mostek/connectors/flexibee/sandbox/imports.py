"""An import: the winstrom envelope, its transactions, statistics and results.

Sources: the handbook's chapters "Writing data", "Batch operations and transactions", "Validation and error handling".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mostek.connectors.flexibee.sandbox import drawing, fields, filters, records
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import evidence
from mostek.connectors.flexibee.sandbox.fields import Data, attribute
from mostek.connectors.flexibee.sandbox.options import User
from mostek.connectors.flexibee.sandbox.records import CREATED, SKIPPED, Outcome
from mostek.connectors.flexibee.sandbox.refusals import Denied, Refused
from mostek.connectors.flexibee.sandbox.whims import Whims

COUNTED = ("created", "updated", "deleted", "skipped", "failed")


@dataclass(frozen=True)
class How:
    """The request's switches."""

    atomic: bool = True
    dry_run: bool = False
    fail_on_warning: bool = False
    code_in_response: bool = False
    native: bool = False
    whims: Whims = field(default_factory=Whims)


@dataclass
class Report:
    """What became of an import."""

    stats: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    results: list[dict[str, Any]] = field(default_factory=list)
    made: str | None = None

    @property
    def success(self) -> bool:
        """Whether no record failed."""
        return not self.stats["failed"]


def run(books: Books, user: User, body: Mapping[str, Any], how: How, detail: tuple[str, str] | None = None) -> Report:
    """Import an envelope; ``detail`` is the evidence and identifier of the URL. Raises ``Denied``."""
    todo = list(_records(books, body, detail))
    for path in dict.fromkeys(path for path, _, _ in todo):
        if not user.may(path, "w"):
            raise Denied(403, "K provedení operace nemáte oprávnění.")
    for path, data, _ in todo:
        whim = how.whims.against(path, data)
        if whim and whim.shape == "message":
            raise Denied(400, whim.words)
    report = Report()
    if how.atomic or how.dry_run:
        _whole(books, todo, how, report)
    else:
        for path, data, address in todo:
            _alone(books, path, data, address, how=how, report=report)
    return report


def _records(
    books: Books, body: Mapping[str, Any], detail: tuple[str, str] | None
) -> Iterable[tuple[str, Data, str | None]]:
    for path, value in body.items():
        if "@" in path:
            continue
        if evidence(path) is None:
            raise Denied(400, f"Evidence '{path}' neexistuje.")
        # An attribute may stand beside the evidence, for all of its records that have none of their own.
        beside = {name.removeprefix(path): each for name, each in body.items() if name.startswith(f"{path}@")}
        for record in fields.records_of(value, path) if value != "" else [{}]:
            data = {**beside, **record}
            wanted = attribute(data, "@filter")
            if wanted:
                rest = {name: each for name, each in data.items() if name not in {"@filter", "id"}}
                for row in filters.select(books, path, wanted, books.user):
                    yield path, {**rest, "id": str(row["id"])}, None
            else:
                yield path, data, detail[1] if detail is not None and detail[0] == path else None


def _whole(books: Books, todo: Iterable[tuple[str, Data, str | None]], how: How, report: Report) -> None:
    try:
        with books.store.transaction(keep=not how.dry_run):
            for path, data, address in todo:
                _write(books, path, data, address, how=how, report=report)
    except _Failed as failed:
        report.stats = {**dict.fromkeys(COUNTED, 0), "failed": 1}
        report.results = [failed.result]
        report.made = None


def _alone(books: Books, path: str, data: Data, address: str | None, *, how: How, report: Report) -> None:
    try:
        with books.store.transaction():
            _write(books, path, data, address, how=how, report=report)
    except _Failed as failed:
        report.stats["failed"] += 1
        report.results.append(failed.result)


class _Failed(Exception):
    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


def _write(books: Books, path: str, data: Data, address: str | None, *, how: How, report: Report) -> None:
    ids = fields.ids_of(data)
    named = {"request-id": ids[0]} if ids else {}
    whim = how.whims.against(path, data)
    if whim and whim.shape == "error":
        raise _Failed({**named, "error": whim.words})
    try:
        if whim:
            raise Refused(whim.words, path=path)
        outcome = records.write(books, path, data, address)
        if how.fail_on_warning and outcome.warnings:
            first = outcome.warnings[0]
            raise Refused(first["message"], first["for"], path)
    except Refused as refused:
        raise _Failed({**named, "errors": [refused.to_json()]}) from None
    report.stats[outcome.status] += 1
    report.results.append(_result(books, path, outcome, named, how))
    if outcome.status == CREATED and report.made is None:
        report.made = f"/c/{books.company.db}/{path}/{outcome.id}"


def _result(books: Books, path: str, outcome: Outcome, named: Mapping[str, str], how: How) -> dict[str, Any]:
    result: dict[str, Any] = {}
    hidden = outcome.status == SKIPPED and books.options["skipped_result"] == "no"
    if outcome.id is not None and not hidden:
        result["id"] = outcome.id if how.native else str(outcome.id)
    result.update(named)
    if outcome.id is not None and not hidden:
        result["ref"] = f"/c/{books.company.db}/{path}/{outcome.id}.json"
        if how.code_in_response:
            result["code"] = books.code(path, outcome.id)
    if outcome.warnings:
        result["warnings"] = outcome.warnings
    row = books.rows(path).get(outcome.id or 0)
    if how.dry_run and row is not None:
        view = drawing.View(detail="full", native=how.native, relations=frozenset({"polozky"}))
        result["content"] = {path: drawing.shown(books, path, row, view)}
    return result
