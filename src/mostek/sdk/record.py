"""What a connector reads: records in pages, each page with the cursor after it."""

from datetime import date, datetime

import msgspec

from mostek.documents.money import Money


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The few facts of a record that are counted and listed, read leniently: None where the record is broken."""

    number: str = ""
    total: Money | None = None
    dated: date | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of one kind in a source system, as it was sent.

    ``id`` is the source's own and never reused; ``root`` the case it belongs to (``order:10001``); ``payload`` the
    source's bytes for this one record; ``fingerprint`` changes exactly when something that matters changed, so
    stamps that move on every touch are left out of it.
    """

    kind: str
    id: str
    root: str
    payload: bytes
    fingerprint: str
    summary: Summary = Summary()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some records and the cursor to go on from once they are stored.

    ``more`` says that the pass goes on. At its end ``watermark`` is the instant (UTC) up to which the source has
    been read completely.
    """

    records: tuple[Record, ...]
    cursor: str
    more: bool
    watermark: datetime | None = None
