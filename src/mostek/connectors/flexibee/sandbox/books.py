"""One company's books as one request sees them: whose they are, who writes, when, and under which options."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import identifiers
from mostek.connectors.flexibee.sandbox.clock import Clock
from mostek.connectors.flexibee.sandbox.facts import Evidence, evidence
from mostek.connectors.flexibee.sandbox.options import Options
from mostek.connectors.flexibee.sandbox.store import Change, Row, Store


@dataclass(frozen=True)
class Company:
    """A company on the server; ``db`` is its identifier in addresses."""

    id: int
    db: str
    name: str
    country: str
    uuid: str

    @property
    def currency(self) -> str:
        """The code of the currency its books are kept in."""
        return "EUR" if self.country == "SK" else "CZK"


@dataclass(frozen=True)
class Books:
    """Read and write one company's records."""

    store: Store
    company: Company
    options: Options
    clock: Clock
    user: str = "winstrom"

    def shape(self, path: str) -> Evidence:
        """The facts of an evidence that is known to exist."""
        found = evidence(path)
        if found is None:
            raise LookupError(path)
        return found

    def find(self, path: str, identifier: str) -> int | None:
        """The id that an identifier names, or None."""
        return identifiers.lookup_all(self.store, self.company.id, path, identifier)

    def row(self, path: str, number: int) -> Row:
        """A row that must exist."""
        found = self.store.get(self.company.id, path, number)
        if found is None:
            raise LookupError(f"{path} {number}")
        return found

    def rows(self, path: str) -> dict[int, Row]:
        """All rows of an evidence by id."""
        return self.store.all(self.company.id, path)

    def lines(self, path: str, parent: int) -> list[Row]:
        """A document's lines in order."""
        return self.store.children(self.company.id, path, parent)

    def exts(self, path: str, number: int) -> list[str]:
        """A record's external ids."""
        return self.store.exts(self.company.id, path, number)

    def new_id(self, path: str) -> int:
        """An id never used before."""
        return self.store.number(self.company.id, f"id:{path}")

    def by_code(self, path: str, kod: str) -> int | None:
        """The id of the record with this code."""
        return self.store.by_code(self.company.id, path, kod)

    def code(self, path: str, number: int | None) -> str:
        """The code of a record, or an empty text."""
        if number is None:
            return ""
        row = self.store.get(self.company.id, path, number)
        return str(row.get("kod", "")) if row is not None else ""

    def save(self, path: str, row: Row, *, created: bool = False) -> None:
        """Write a row with a new stamp and record the change."""
        stamp = self.clock.stamp()
        row["lastUpdate"] = stamp
        shape = self.shape(path).facts
        if "updatedBy" in shape:
            row["updatedBy"] = f"code:{self.user}"
        if created and "createdBy" in shape:
            row["createdBy"] = f"code:{self.user}"
        if created and "createdDate" in shape:
            row["createdDate"] = stamp
        self.store.put(self.company.id, path, row)
        self._changed(path, row, "create" if created else "update")

    def remove(self, path: str, row: Row) -> None:
        """Delete a row and record the change."""
        self._changed(path, row, "delete")
        self.store.delete(self.company.id, path, row["id"])

    def attach(self, path: str, number: int, ext: str) -> None:
        """Give a record an external id."""
        self.store.attach(self.company.id, path, number, ext)

    def detach(self, path: str, number: int, prefix: str) -> None:
        """Take a record's external ids away that begin with the prefix, which may go without its ``ext:``."""
        self.store.detach(self.company.id, path, number, prefix.removeprefix("ext:"))

    def mail(self, path: str, row: Row) -> None:
        """Count a mail to the customer."""
        self.store.db.execute(
            "INSERT INTO mail VALUES (?, ?, ?, ?, ?)",
            (self.company.id, path, row["id"], self.clock.stamp(), row.get("kontaktEmail")),
        )

    def watching(self) -> bool:
        """Whether changes are recorded."""
        return self.store.watching(self.company.id)

    def version(self) -> int:
        """The company's global version: that of the latest change."""
        return self.store.version(self.company.id)

    def _changed(self, path: str, row: Row, operation: str) -> None:
        if not self.watching():
            return
        ids: list[str] = []
        if operation != "delete" or self.options["deleted_ext_ids"] == "yes":
            ids = [f"code:{row['kod']}"] if row.get("kod") else []
            ids += self.exts(path, row["id"])
        stamp = self.clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-5]
        listed = json.dumps(ids, ensure_ascii=False)
        self.store.note_change(self.company.id, Change(path, operation, stamp, row["id"], listed))

    def changes(self, start: int, limit: int, evidences: set[str]) -> list[dict[str, Any]]:
        """Recorded changes from a version on, as the changes listing shows them."""
        found = self.store.db.execute(
            "SELECT version, evidence, operation, stamp, id, ids FROM change WHERE company=? AND version>=?"
            " ORDER BY version",
            (self.company.id, start),
        )
        listed: list[dict[str, Any]] = []
        for version, path, operation, stamp, number, ids in found:
            if evidences and path not in evidences:
                continue
            listed.append(
                {
                    "@evidence": path,
                    "@in-version": str(version),
                    "@operation": operation,
                    "@timestamp": stamp,
                    "id": str(number),
                    "external-ids": json.loads(ids),
                }
            )
            if len(listed) == limit:
                break
        return listed


def number_of(row: Row, field: str) -> Decimal:
    """A numeric field as a decimal; empty counts as zero."""
    return Decimal(row.get(field) or 0)
