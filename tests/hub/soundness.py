"""What must hold whenever the hub is at rest, whatever happened before: the books and the shop are the judges."""

from collections import Counter

from mostek.documents.invoice import Invoice
from tests.hub import toy
from tests.hub.bench import Installation

STATES = {"done", "waiting", "parked", "excluded", "in_doubt"}
# Causes of a record that is not done although its document is in the books.
_BOOKED_AND_OPEN = {
    "connector.failed",
    "document.changed",
    "excluded.person",  # he had the choice only because it had changed since
    "payment.reversed",
    "settle.several",
    "toy.refused",  # what follows it
    "verify.differs",
    "verify.missing",
}


async def sound(hub: Installation, books: toy.Books | None = None, flow: int = 1) -> Counter[str]:
    """Every document has one state, what is done is in the books once and as the shop has it; returns the counts."""
    books = books or hub.books
    assert books.doubles == []
    assert books.violations == []
    documents = {key: found for key, found in hub.shop.documents.items() if isinstance(found, Invoice)}
    rows = await hub.sql(
        "SELECT r.kind, r.source_id, d.state, d.cause, d.wait_key, d.wait_until, p.planned, p.revision,"
        " (SELECT count(*) FROM action a WHERE a.record = r.id AND a.passage = p.id AND a.state = 'blocked') AS blocked"
        " FROM record r JOIN passage p ON p.case_id = r.case_id"
        " LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id"
        f" WHERE p.flow = {flow} AND r.kind <> 'order' AND r.payload <> ''"
    )
    standing = {(row["kind"], row["source_id"]): row for row in rows}
    assert len(standing) == len(rows)
    kept, counted = await hub.rows("standing"), await hub.rows("standing_counted")
    assert [dict(row) for row in kept] == [dict(row) for row in counted], "the tally is not what there is"
    assert standing.keys() == documents.keys()
    assert all(row["planned"] == row["revision"] for row in rows)
    booked = {
        (action.subject.kind, action.subject.id): action.subject
        for _, action in books.every
        if isinstance(action.subject, Invoice)
    }
    assert booked.keys() <= documents.keys()
    for key, row in standing.items():
        assert row["state"] in STATES, key
        if row["state"] == "done":
            assert booked[key].total == documents[key].total, f"{key} stands with other figures"
        elif key in booked:
            assert row["cause"] in _BOOKED_AND_OPEN, f"{key} is in the books and {row['state']}: {row['cause']}"
        if row["state"] == "waiting":
            assert row["wait_key"] or row["wait_until"] or row["blocked"], f"{key} waits for nothing"
    return Counter(row["state"] for row in rows)
