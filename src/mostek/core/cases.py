"""Cases: the records of one root, parsed into documents that know of each other."""

from collections.abc import Sequence

import msgspec

from mostek.documents.canonical import digest
from mostek.documents.invoice import Invoice
from mostek.documents.order import Order
from mostek.documents.party import Contact, parts
from mostek.documents.problem import InvalidDocumentError, Problem, printable
from mostek.sdk.capability import Connector
from mostek.sdk.record import Record
from mostek.sdk.settings import Settings


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a case as it was read: the document it holds, or what is wrong with it.

    ``absent``: the source was asked for it and does not have it (any more). ``digest`` is of the document as issued,
    without what may change later by itself (whether it is paid); of a contact as the source has it.
    """

    record: int
    kind: str
    id: str
    version: int
    document: Invoice | Order | Contact | None = None
    digest: str = ""
    problems: tuple[Problem, ...] = ()
    absent: bool = False


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known under one root of one source."""

    id: int
    root: str
    source: int
    source_slug: str
    entries: tuple[Entry, ...]

    @property
    def order(self) -> Order | None:
        """The order of the case, once it is known and readable."""
        return next((entry.document for entry in self.entries if isinstance(entry.document, Order)), None)


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as the ledger keeps it."""

    id: int
    kind: str
    source_id: str
    version: int
    payload: str
    root: str
    absent: bool = False


def assemble(
    case: int,
    source: tuple[int, str],
    records: Sequence[StoredRecord],
    connector: Connector[Settings],
    settings: Settings,
) -> Case:
    """Parse the records of one case; a record that cannot be read keeps its problems instead of a document."""
    entries = tuple(_entry(record, connector, settings) for record in records)
    root = records[0].root if records else ""
    return Case(id=case, root=root, source=source[0], source_slug=source[1], entries=entries)


def joined(invoice: Invoice, order: Order | None) -> Invoice:
    """The invoice with what only its order knows: VAT status and reference of the buyer, delivery, methods' codes.

    What the invoice states itself stands: it is the document that was issued.
    """
    if order is None:
        return invoice
    buyer = msgspec.structs.replace(
        invoice.buyer,
        vat_payer=order.buyer.vat_payer if invoice.buyer.vat_payer is None else invoice.buyer.vat_payer,
        reference=invoice.buyer.reference or order.buyer.reference,
        email=invoice.buyer.email or order.buyer.email,
        phone=invoice.buyer.phone or order.buyer.phone,
    )
    return msgspec.structs.replace(
        invoice,
        buyer=buyer,
        delivery=invoice.delivery or order.delivery,
        payment=order.payment or invoice.payment,
        shipping=order.shipping or invoice.shipping,
    )


def digest_of(kind: str, payload: str, connector: Connector[Settings], settings: Settings) -> str:
    """The fingerprint of an earlier version of a document; empty when it cannot be read (any more)."""
    record = StoredRecord(id=0, kind=kind, source_id="", version=0, payload=payload, root="")
    return _entry(record, connector, settings).digest


def issued_digest(invoice: Invoice) -> str:
    """The fingerprint of what a document states, whether or not it has been paid since."""
    return digest(msgspec.structs.replace(invoice, is_paid=False, paid=None, received=None, created=None))


def _entry(record: StoredRecord, connector: Connector[Settings], settings: Settings) -> Entry:
    assert connector.parse is not None, f"{connector.id} cannot be read from"
    absent = record.absent or not record.payload
    entry = Entry(record=record.id, kind=record.kind, id=record.source_id, version=record.version, absent=absent)
    if not record.payload:
        return entry
    raw = Record(
        kind=record.kind, id=record.source_id, root=record.root, payload=record.payload.encode(), fingerprint=""
    )
    try:
        document = connector.parse(settings, raw)
    except InvalidDocumentError as error:
        return msgspec.structs.replace(entry, problems=error.problems)
    except Exception as error:  # noqa: BLE001 - a record that breaks our own reader is parked like any other
        problem = Problem(cause="record.unreadable", details={"reason": printable(repr(error))})
        return msgspec.structs.replace(entry, problems=(problem,))
    if isinstance(document, Invoice):
        return msgspec.structs.replace(entry, document=document, digest=issued_digest(document))
    said = digest(parts(document)) if isinstance(document, Contact) else ""
    return msgspec.structs.replace(entry, document=document, digest=said)
