"""What people see of one document: how it stands, what was sent of it, and its story from the beginning."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from mostek import terminal
from mostek.cli.screens import columns
from mostek.commands.looking import RecordView
from mostek.documents.invoice import Invoice
from mostek.documents.problem import Problem
from mostek.documents.vat import VatCode
from mostek.sdk.effect import Action
from mostek.wording import Wording

_TELLING = frozenset({"parked", "excluded", "waiting"})


def show_records(views: Sequence[RecordView], with_payload: bool, wording: Wording) -> None:
    """Each record of that number: the decision with reason and cure, then what was or is to be sent, line by line."""
    for view in views:
        total = wording.money(view.total) or "–"
        kind = wording.word("kind", view.kind)
        head = wording.say(
            "show.head",
            kind=kind,
            number=view.number,
            total=total,
            connection=view.connection,
            record=str(view.record),
        )
        terminal.say(head[:1].upper() + head[1:], style="bold")
        if view.versions > 1:
            terminal.say(wording.say("show.changed", version=view.versions), indent=2)
        for decision in view.decisions:
            _show_decision(decision, wording)
        if view.decisions and not view.actions:
            terminal.say(wording.say("show.nothing"), indent=2)
        for action in view.actions:
            _show_action(action, with_payload, wording)


def _show_decision(decision: Mapping[str, Any], wording: Wording) -> None:
    state, cause = wording.word("state", decision["state"]), decision["cause"]
    waits = f" – {wording.word('reason', cause)}" if decision["state"] in {"waiting", "in_doubt"} else ""
    terminal.say(wording.say("show.decision", flow=decision["flow"], state=state + waits), indent=2)
    if decision["state"] not in _TELLING or decision["problem"] == "{}":
        return
    problem = msgspec.json.decode(decision["problem"], type=Problem)
    terminal.show_problem(problem, wording, console=terminal.OUT)
    if cause == "excluded.person" and problem.details:
        terminal.say(wording.say("show.reason", **problem.details), indent=2)


def _show_action(action: Mapping[str, Any], with_payload: bool, wording: Wording) -> None:
    intended = msgspec.json.decode(action["body"], type=Action)
    there = action["target_number"] or action["target_id"] or ""
    state = wording.word("action_state", action["state"])
    terminal.say(
        f"{_what(action, wording)} → {action['target']}: {state}{there and f' ({there})'}",
        indent=2,
    )
    if action["words"]:
        terminal.say(wording.say("show.said", words=action["words"]), indent=4)
    if isinstance(intended.subject, Invoice):
        sent = "sent" if action["sent"] else "planned"
        _show_lines(intended.subject, wording.say(f"show.{sent}", target=action["target"]), wording)
    if with_payload:
        terminal.say(wording.say("show.payload"), indent=4)
        terminal.say(action["payload"], indent=4, style="dim")


def _show_lines(document: Invoice, title: str, wording: Wording) -> None:
    names = columns(wording, "line", "quantity", "vat", "gross")
    rows = [
        (line.name, f"{wording.number(line.quantity)} {line.unit}", _vat(line.vat, wording), wording.money(line.gross))
        for line in document.lines
    ]
    if document.rounding:
        rows.append((wording.say("show.rounding"), "", "", wording.money(document.rounding)))
    rows.append((wording.word("columns", "total"), "", "", wording.money(document.total)))
    terminal.table(names, rows, title, right=[names[1], names[3]])


def _vat(code: VatCode, wording: Wording) -> str:
    return f"{code.country} {wording.number(code.rate)} %, {wording.word('vat', code.category)}"


def _what(action: Mapping[str, Any], wording: Wording) -> str:
    return f"{wording.word('effect', action['verb'])}: {wording.word('kind', action['kind'])}"


def show_trace(steps: Sequence[Mapping[str, Any]], views: Sequence[RecordView], wording: Wording) -> None:
    """The story of a case, oldest step first, in sentences."""
    actions = {action["key"]: action for view in views for action in view.actions}
    numbers = {view.record: f"{wording.word('kind', view.kind)} {view.number}" for view in views}
    for step in steps:
        when = wording.moment(datetime.fromtimestamp(step["at"] / 1000, UTC))
        if step["kind"] == "planned":
            _show_planned(step["body"], when, numbers, wording)
        elif step["kind"] in {"answered", "settled"}:
            _show_answer(step, when, actions.get(step["action"]), wording)
        else:
            terminal.say(wording.say("trace.step", when=when, step=step["kind"]))
    terminal.say(wording.say("trace.details"), style="dim")


def _show_planned(body: Mapping[str, Any], when: str, numbers: Mapping[int, str], wording: Wording) -> None:
    terminal.say(wording.say("trace.planned", when=when, flow=body["flow"], version=body["version"]))
    for decision in body["decisions"]:
        rule = f", {wording.say('preview.rule', rule=decision['rule'])}" if decision["rule"] else ""
        verdict = wording.say(f"preview.{decision['verdict']}") + rule
        known = numbers.get(decision["record"])
        plain = wording.say("trace.decided", record=str(decision["record"]), verdict=verdict)
        terminal.say(f"{known} → {verdict}" if known else plain, indent=4)
        for problem in decision["problems"]:
            terminal.say(wording.explained(msgspec.convert(problem, Problem)).text, indent=6)


def _show_answer(step: Mapping[str, Any], when: str, action: Mapping[str, Any] | None, wording: Wording) -> None:
    result = step["body"]["result"]
    told = wording.say(f"trace.result.{result['type']}", id=result.get("number") or ", ".join(_ids(result)))
    what = _what(action, wording) if action else str(step["action"])
    target = action["target"] if action else wording.say("trace.the_target")
    terminal.say(wording.say(f"trace.{step['kind']}", when=when, target=target, what=what, result=told))
    if result.get("words"):
        terminal.say(wording.say("show.said", words=result["words"]), indent=4)
    if result.get("problem"):
        terminal.say(wording.explained(msgspec.convert(result["problem"], Problem)).text, indent=4)
    for call in step["body"]["calls"]:
        shown = {"method": call["method"], "url": call["url"], "status": str(call["status"])}
        terminal.say(wording.say("trace.call", **shown), indent=4, style="dim")


def _ids(result: Mapping[str, Any]) -> Iterator[str]:
    yield from result.get("ids", ())
    if result.get("id"):
        yield result["id"]
