"""What a connector is asked to do: actions, the questions before them and the results after them."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Literal

import msgspec

from mostek.documents.canonical import encode
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.party import Contact
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.problem import Problem
from mostek.documents.text import clean

Role = Literal["book", "issue"]
Verb = Literal["create", "adopt", "update", "cancel", "link", "settle"]
Subject = Invoice | Contact | Payment | CreditLink


class Reference(msgspec.Struct, frozen=True):
    """A record of the target that an action refers to: by our key, or by the target's own id when it is not ours."""

    key: str = ""
    id: str = ""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One intended effect in one target.

    ``create`` makes a record. ``adopt`` writes our key into one that is there (``refs["document"].id``), ``update``
    makes a document of ours (``refs["document"].key``) say what ``subject`` says now, ``cancel`` takes it back the
    way the target does that. A contact is updated by the target's id, and only while it says what it said ``before``.
    ``link`` ties a credit note to what it corrects, ``settle`` books that it was paid.
    ``key`` is the same whenever the same duty is planned again and travels with the record into the target.
    ``options`` are the mapped values of the flow (document type, series, product ids), ``refs`` the records
    referred to by name (``contact``, ``corrects``, ``document``), ``needs`` the keys that have to be done first.
    """

    key: str
    role: Role
    verb: Verb
    kind: str
    subject: Subject
    options: Mapping[str, str] = {}
    refs: Mapping[str, Reference] = {}
    needs: tuple[str, ...] = ()
    before: Contact | None = None


class Intent(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An action as it is sent: the frozen bytes, and what the target called it once that is known.

    ``meant`` is the action, or its JSON as the ledger holds it: most vendors are told by the payload alone, so it is
    read only when asked for.
    """

    key: str
    verb: Verb
    kind: str
    meant: Action | bytes
    payload: bytes
    id: str = ""

    @classmethod
    def of(cls, action: Action, payload: bytes, id: str = "") -> "Intent":
        """The intent of an action that was just planned."""
        return cls(key=action.key, verb=action.verb, kind=action.kind, meant=action, payload=payload, id=id)

    @cached_property
    def action(self) -> Action:
        """What is meant by the bytes."""
        return self.meant if isinstance(self.meant, Action) else _ACTION.decode(self.meant)


_ACTION = msgspec.json.Decoder(Action)


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The effect is there and this call made it; ``id`` and ``number`` are the target's."""

    id: str
    number: str = ""


class AlreadyThere(msgspec.Struct, frozen=True, kw_only=True, tag="already_there"):
    """The effect was there before this call."""

    id: str
    number: str = ""


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """The target will do it later; ask again after ``check_after`` (UTC)."""

    handle: str
    check_after: datetime


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="rejected"):
    """The target refused the record for good; ``words`` are its own."""

    problem: Problem
    words: str = ""


class NotSent(msgspec.Struct, frozen=True, kw_only=True, tag="not_sent"):
    """Surely nothing happened; try again at ``until`` (UTC)."""

    until: datetime
    problem: Problem


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag="unknown"):
    """It may have happened or may still happen: to be settled before anything else is sent for it."""

    problem: Problem


Result = Done | AlreadyThere | Accepted | Rejected | NotSent | Unknown


class Found(msgspec.Struct, frozen=True, kw_only=True, tag="found"):
    """The target holds the effect; more than one id is an alarm. ``number`` belongs to the first."""

    ids: tuple[str, ...]
    number: str = ""


class Absent(msgspec.Struct, frozen=True, kw_only=True, tag="absent"):
    """The target did not hold it at ``as_of`` (UTC)."""

    as_of: datetime


class CannotTell(msgspec.Struct, frozen=True, kw_only=True, tag="cannot_tell"):
    """The target could not be asked, or cannot be searched for this."""

    problem: Problem


Finding = Found | Absent | CannotTell


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What planning wants to know of the target.

    ``about`` is ``contact``, ``product`` or ``document``; ``by`` the values to look by, any of which is a match:
    ``key``, ``company_id``, ``tax_id``, ``email``, ``code``, ``number``, ``order`` (its number) and ``symbol`` (the
    variable symbol), a contact's ``id`` in the target. About a ``vat_rate``, all of ``country``, ``rate``, ``category``
    and ``date`` have to fit, and the match's id is what the mapping table would say.
    """

    about: Literal["contact", "product", "document", "vat_rate"]
    by: Mapping[str, str]

    @property
    def id(self) -> str:
        """The question as text: equal questions are asked once, and no value can pass for another question."""
        return f"{self.about} {encode(self.by).decode()}"


class StatedRow(msgspec.Struct, frozen=True, kw_only=True):
    """Base, VAT and total of one VAT bucket in the target's own terms (``standard``, ``exempt``)."""

    bucket: str
    net: Money
    tax: Money
    gross: Money


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it stands in the target, or as it is expected to stand there: compared field by field.

    ``key`` is ours or empty for a document that is not; ``corrects`` our key, or the target's id, of the credited
    document; ``reference`` the order's number, ``symbol`` the variable symbol; ``unpaid`` what remains to be paid.
    ``locked``: the target, or the accountant, would not let it be changed.
    """

    key: str
    id: str
    number: str
    kind: str
    total: Money
    rows: tuple[StatedRow, ...]
    issued: date
    supplied: date | None = None
    reference: str = ""
    corrects: str = ""
    symbol: str = ""
    unpaid: Money | None = None
    cancelled: bool = False
    locked: bool = False


def stated(sums: Mapping[str, tuple[Money, ...]]) -> tuple[StatedRow, ...]:
    """Base, VAT and total by bucket as rows, without those that are all zero."""
    rows = (StatedRow(bucket=bucket, net=net, tax=tax, gross=gross) for bucket, (net, tax, gross) in sums.items())
    return tuple(row for row in rows if row.net or row.tax or row.gross)


def meant(action: Action, document: Invoice, *, number: str, kind: str, rows: tuple[StatedRow, ...]) -> Statement:
    """The statement that a target will show of a document, under the number and in the rows of its own."""
    corrects = action.refs.get("corrects", Reference())
    return Statement(
        key=action.refs["document"].key if action.verb == "update" else action.key,
        id="",
        number=number,
        kind=kind,
        total=document.total,
        rows=rows,
        issued=document.issued,
        supplied=document.supplied,
        reference=clean(document.order_number or "", "order_number"),
        corrects=corrects.key or corrects.id,
        symbol=clean(document.variable_symbol, "variable_symbol"),
    )


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the target that answers a question: ``key`` is ours if it carries one, ``by`` what it matched.

    ``statement`` is how a document stands, ``contact`` what a contact says; None where the target does not tell.
    """

    id: str
    by: str
    key: str = ""
    label: str = ""
    statement: Statement | None = None
    contact: Contact | None = None
