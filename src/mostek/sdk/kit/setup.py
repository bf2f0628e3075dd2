"""What the author of a connector tells the kit: how his sandbox is started, what it holds, how its world changes."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mostek.documents.invoice import Invoice
from mostek.documents.party import Contact
from mostek.sandbox import Factory, find
from mostek.sdk.capability import Connector, utc_now
from mostek.sdk.kit.desk import Desk
from mostek.sdk.record import Record

Ledger = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One record in the sandbox's ledger that carries our key."""

    key: str
    kind: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """The reading half. Feeds and kinds are those of the manifest.

    ``held`` tells from the sandbox's ledger which records each feed has, as (kind, id): more than one page of each,
    and at least one of each kind. The deeds are done through the sandbox's control API: ``add`` makes new records
    in every feed, ``change`` changes something that matters in one record, by feed, ``touch`` moves the stamps of as
    many records as it can to one instant, changes nothing, and says which by feed, ``delete`` removes a record.
    ``samples`` are further records that have to parse: recorded ones, rare ones. ``cached``: lists are asked for by
    ``GET``, so that a cache on the way may answer.
    """

    held: Callable[[Ledger], Mapping[str, Collection[tuple[str, str]]]]
    add: Callable[[Desk], Awaitable[object]]
    change: Mapping[str, Callable[[Desk, Record], Awaitable[object]]]
    touch: Callable[[Desk], Awaitable[Mapping[str, Collection[tuple[str, str]]]]]
    delete: Callable[[Desk, Record], Awaitable[object]]
    samples: Sequence[Record] = ()
    cached: bool = True


@dataclass(frozen=True, kw_only=True)
class Target:
    """The writing half. What is written is made by the kit, from the manifest's kinds, verbs and mappings.

    ``writes`` is the part of a fault rule (``method``, ``path``) that tells writes from reads; ``effects`` what in the
    ledger carries our keys; ``mails`` how many mails customers got. Through the control API a person changes the
    amount of a document (``edit``, by the target's id), and enters one by hand (``foreign``; empty when the books
    refuse it, as a number that is taken). ``mappings`` add to the manifest's defaults; ``refused`` are options under
    which the vendor refuses a document, ``settle`` those of a payment; ``product`` makes a product and gives its code,
    ``lock`` locks a document, where the books know that.
    ``more_than_a_page`` is how many documents do not fit into one page of ``totals``. ``country`` decides the samples'
    currency and rates.
    """

    writes: Mapping[str, str]
    effects: Callable[[Ledger], Sequence[Effect]]
    mails: Callable[[Ledger], int]
    edit: Callable[[Desk, str], Awaitable[object]]
    foreign: Callable[[Desk, Invoice], Awaitable[str]]
    refused: Mapping[str, str]
    more_than_a_page: int
    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settle: Mapping[str, str] = field(default_factory=lambda: {"mode": "mark"})
    product: Callable[[Desk], Awaitable[str]] | None = None
    lock: Callable[[Desk, str], Awaitable[object]] | None = None
    country: str = "CZ"
    day: date = field(default_factory=lambda: utc_now().date())


@dataclass(frozen=True, kw_only=True)
class People:
    """Contacts that are kept up by themselves, where the manifest lets them be updated.

    ``held`` tells from the ledger what the target keeps of everybody, by id, and ``mails`` how many mails customers
    got. Through the control API a person enters somebody (``enter``, giving the id) and changes his phone number
    (``edit``, by id and e-mail).
    """

    held: Callable[[Ledger], Mapping[str, Any]]
    mails: Callable[[Ledger], int]
    enter: Callable[[Desk, Contact], Awaitable[str]]
    edit: Callable[[Desk, str, str], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One connector and its sandbox.

    ``settings`` gives the connector's settings for the sandbox's base URL; ``sandbox`` is the name of an installed
    sandbox or its factory, ``options`` what it is started with.
    """

    connector: Connector[Any]
    sandbox: str | Factory
    settings: Callable[[str], Mapping[str, Any]]
    options: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None
    target: Target | None = None
    people: People | None = None

    @property
    def package(self) -> str:
        """The connector's package, which holds its manifest."""
        return self.connector.settings.__module__.rpartition(".")[0]

    @property
    def factory(self) -> Factory:
        """What makes the sandbox."""
        return find(self.sandbox) if isinstance(self.sandbox, str) else self.sandbox
