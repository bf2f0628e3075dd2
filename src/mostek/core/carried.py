"""What a document that is in the target, or on its way, calls for: its changes, its tie, its payments."""

from mostek.core import policy as policies
from mostek.core.cases import Entry
from mostek.core.comparison import closed_days, compare
from mostek.core.drafting import draft
from mostek.core.facts import OPEN, KnownKey
from mostek.core.scope import Scope, document_of, state_question, to
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.problem import Problem
from mostek.sdk.effect import Action, Match, Reference


def changes(entry: Entry, known: KnownKey, scope: Scope) -> list[Action]:
    """What has to change in the target because the source changed; empty when both agree.

    Ends the planning of the record when the fate of an earlier effect is unknown, or a person decides: by the policy,
    or because the document is cancelled, locked, paid, in a closed period, or was changed by a person there.
    """
    withdrawn = entry.absent or document_of(entry).cancelled
    if known.cancelled and withdrawn:
        return []
    same = not withdrawn and known.digest == entry.digest and not known.cancelled
    # A change that is under way may still arrive, also when the source has gone back to what was there before it.
    unsettled = known.busy or (scope.current(entry) if known.state in OPEN and not same else "")
    if unsettled:
        raise scope.wait(entry, Problem(cause="wait.settlement"), key=f"action:{unsettled}")
    if same:
        return []
    return _cancelled(entry, known, scope) if withdrawn else _changed(entry, known, scope)


def _cancelled(entry: Entry, known: KnownKey, scope: Scope) -> list[Action]:
    number = document_of(entry).number
    if scope.policy(entry).cancellations == "ask" or not scope.can(entry, "cancel") or known.state == "alarm":
        gone = Problem(cause="document.vanished" if entry.absent else "document.cancelled", details={"number": number})
        raise scope.park(entry, gone)
    stands = _stands(entry, scope)
    if stands is None or (stands.statement and stands.statement.cancelled):
        return []  # a person took it back there too
    _unhindered(entry, known, stands, scope)
    return [_cancel(entry, scope)]


def _changed(entry: Entry, known: KnownKey, scope: Scope) -> list[Action]:
    document, way = document_of(entry), scope.policy(entry).changes
    verb = {"update": "update", "reissue": "cancel"}.get(way, "")
    if known.cancelled and way != "reissue":
        raise scope.park(entry, Problem(cause="change.cancelled", details={"number": document.number}))
    if not scope.can(entry, verb) or known.state == "alarm":
        raise scope.park(entry, Problem(cause="document.changed", details={"number": document.number}))
    if known.cancelled:
        return _issued_again(entry, scope, ())
    stands = _stands(entry, scope)
    if stands is None:
        raise scope.park(entry, Problem(cause="target.deleted", details={"number": document.number}))
    _unhindered(entry, known, stands, scope)
    if way == "reissue":
        return _issued_again(entry, scope, (_cancel(entry, scope),))
    drafted = draft(entry, scope)
    current = scope.current(entry)
    update = Action(
        key=scope.key(entry, f"{entry.kind}.update.{entry.version}"),
        role="book",
        verb="update",
        kind=entry.kind,
        subject=drafted.document,
        options=drafted.options,
        refs={**to(current), **drafted.refs},
        needs=(current, *drafted.needs),
    )
    return [*drafted.before, update]


def _issued_again(entry: Entry, scope: Scope, cancelled: tuple[Action, ...]) -> list[Action]:
    drafted = draft(entry, scope)
    create = Action(
        key=scope.key(entry, f"{entry.kind}.issue.{entry.version}"),
        role="book",
        verb="create",
        kind=entry.kind,
        subject=drafted.document,
        options=drafted.options,
        refs=drafted.refs,
        needs=(*(action.key for action in cancelled), *drafted.needs),
    )
    return [*cancelled, *drafted.before, create]


def _cancel(entry: Entry, scope: Scope) -> Action:
    current = scope.current(entry)
    return Action(
        key=scope.key(entry, f"{entry.kind}.cancel.{entry.version}"),
        role="book",
        verb="cancel",
        kind=entry.kind,
        subject=document_of(entry),
        refs=to(current),
        needs=(current,),
    )


def _stands(entry: Entry, scope: Scope) -> Match | None:
    """The document as the target has it now."""
    key = scope.current(entry)
    return next((m for m in scope.facts.matches.get(state_question(key).id, ()) if m.key == key), None)


def _unhindered(entry: Entry, known: KnownKey, stands: Match, scope: Scope) -> None:
    """Go on only with a document that stands as we left it, and that nobody would miss as it is."""
    document, statement = document_of(entry), stands.statement
    closed = scope.target.is_closed(*closed_days(document, statement))
    if statement is None:
        problem = Problem(cause="change.unknown", details={"number": document.number})
    elif statement.cancelled or known.cancelled:
        problem = Problem(cause="change.cancelled", details={"number": document.number})
    elif statement.locked:
        problem = Problem(cause="change.locked", details={"number": document.number})
    elif closed:
        problem = Problem(cause="change.closed", details={"number": document.number})
    elif statement.unpaid is not None and statement.unpaid != statement.total:
        problem = Problem(cause="change.paid", details={"number": document.number})
    elif known.hand or (known.expected and compare(known.expected, statement)):
        problem = Problem(cause="change.edited", details={"number": document.number})
    else:
        return
    raise scope.park(entry, problem, wait_key=f"closed:{scope.target.slug}" if closed else "")


def credit_link(entry: Entry, document: Invoice, corrected: Reference | None, scope: Scope) -> list[Action]:
    """The tie between a credit note and what it corrects."""
    if corrected is None or document.corrects is None:
        return []
    key = scope.current(entry)
    again = "" if key == scope.key(entry) else f".{key}"
    return [
        Action(
            key=scope.key(entry, f"credit_link{again}"),
            role="book",
            verb="link",
            kind=entry.kind,
            subject=CreditLink(number=document.number, corrects=document.corrects),
            refs={**to(key), "corrects": corrected},
            needs=tuple(name for name in (key, corrected.key) if name),
        )
    ]


def settlement(entry: Entry, document: Invoice, scope: Scope) -> tuple[list[Action], Problem | None]:
    """What was paid in the source and is not booked yet; and what about it a person has to decide.

    Payments converge by their sum: what was received less what was booked, never more than the total.
    """
    policy, known = scope.policy(entry), scope.known(entry)
    mode = policy.payments
    if mode == "none" or document.kind == "credit_note" or "payment" not in scope.target.kinds:
        return [], None
    booked = known.paid if known and known.paid else Money.zero(document.currency)
    received, sign = document.settled, -1 if document.total.minor < 0 else 1
    wanted = min(received, document.total, key=lambda money: sign * money.minor)
    due = wanted - booked
    problem = None
    if sign * (received - booked).minor < 0:
        problem = Problem(cause="payment.reversed", details=_sums(document, received, booked))
    elif sign * (received - document.total).minor > 0:
        problem = Problem(cause="payment.overpaid", details=_sums(document, received, document.total))
    if sign * due.minor <= 0 or (mode == "mark" and wanted != document.total):
        return [], problem
    paid = document.paid or document.issued
    if mode == "document" and scope.target.is_closed(paid):
        return [], Problem(cause="books.closed", details={"number": document.number, "date": str(paid)})
    payment = Payment(
        document=document.number,
        amount=due,
        paid=paid,
        variable_symbol=document.variable_symbol,
        method=document.payment,
    )
    tables = {name: table for name, table in scope.target.tables.items() if table.by != "vat"}
    options = policies.options(document, policy, tables, scope.facts.matches)
    key, times = scope.current(entry), known.payments if known else 0
    action = Action(
        key=scope.key(entry, f"payment.{times}" if times else "payment"),
        role="book",
        verb="settle",
        kind="payment",
        subject=payment,
        options={"mode": mode, **dict(sorted(options.items()))},
        refs=to(key),
        needs=(key,),
    )
    return [action], problem


def _sums(document: Invoice, found: Money, stated: Money) -> dict[str, str]:
    return {"number": document.number, "found": str(found), "stated": str(stated), "difference": str(found - stated)}
