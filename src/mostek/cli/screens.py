"""What people see: connections, flows, the preview, the inbox, and how everything stands."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mostek import terminal
from mostek.commands import connecting, flowing, hooking, keeping, removing
from mostek.commands.adopting import Difference
from mostek.commands.looking import Item, StatusView, Waiting
from mostek.desk import installation
from mostek.documents.problem import Problem
from mostek.hub.connections import connectors
from mostek.sdk.manifest import Manifest
from mostek.wording import Wording

# Causes for which a document waits, and yet only a person can help: the flow's tables are his.
_LACKING = frozenset({"mapping.missing"})


def problem_of(stored: Mapping[str, Any]) -> Problem:
    """A problem as a view carries it."""
    return msgspec.convert(stored, Problem)


def system_name(connector: str, wording: Wording) -> str:
    """What a system is called; the id of one that is not installed any more."""
    found = connectors().get(connector)
    return found.manifest.names.get(wording.language, found.manifest.id) if found else connector


def columns(wording: Wording, *names: str) -> list[str]:
    """The headings of a table."""
    return [wording.word("columns", name) for name in names]


def show_ready(folder: Path, wording: Wording) -> None:
    """What was made, and what to do next."""
    terminal.say(wording.say("init.ready", folder=folder))
    terminal.say(wording.say("init.key", file=folder / installation.KEY_FILE))


def show_systems(manifests: Sequence[Manifest], wording: Wording) -> None:
    """Each system with what can be read from it and written to it, and how far that is proven."""
    for manifest in manifests:
        terminal.OUT.print(f"[bold]{manifest.id}[/]  {terminal.safe(manifest.names[wording.language])}")
        read = dict.fromkeys(kind for feed in manifest.feeds.values() for kind in feed.kinds)
        for name, kinds in (("reads", read), ("writes", manifest.writes)):
            if kinds:
                words = ", ".join(wording.word("kind", kind) for kind in kinds)
                terminal.say(f"{wording.word('columns', name)}: {words}", indent=2)
        terminal.say(f"{wording.word('columns', 'proof')}: {manifest.proof[wording.language]}", indent=2)
    terminal.say(wording.say("ask.more"))


def show_settings(name: str, schema: Mapping[str, Any], secrets: frozenset[str], wording: Wording) -> None:
    """What a connection to one system needs to know: each setting with its question, choices and usual value."""
    terminal.say(wording.say("ask.settings", system=system_name(name, wording)))
    for setting, field in schema["properties"].items():
        if "title" not in field:
            continue
        marks = [wording.say("ask.needed_mark")] if setting in schema.get("required", ()) else []
        marks += [wording.say("ask.secret")] if setting in secrets else []
        if choices := field.get("enum"):
            marks.append(wording.say("ask.choices", choices=", ".join(map(str, choices))))
        if field.get("default", "") != "":
            marks.append(wording.say("ask.usual", default=str(field["default"])))
        shown = f"  [dim]({terminal.safe('; '.join(marks))})[/]" if marks else ""
        terminal.OUT.print(f"[bold]{setting}[/]{shown}", soft_wrap=True)
        terminal.say(f"{field['title']} – {field.get('description', '')}", indent=4)


def show_connections(views: Sequence[connecting.View], wording: Wording) -> None:
    """The connections, and what is wrong with those that are stopped."""
    if not views:
        terminal.say(wording.say("connect.none"))
        return
    _table_of_connections(views, wording)
    for view in views:
        if view.problem:
            _show_stopped(view, wording)


def show_uses(slug: str, used: removing.Used, wording: Wording) -> None:
    """What hangs on a connection or a flow, and how to take it away all the same."""
    flows = ", ".join(used.flows) or "–"
    counts = {"records": used.records, "documents": used.documents, "open": used.open}
    terminal.say(wording.say("connect.uses", slug=slug, flows=flows, **counts))
    terminal.say(wording.say("connect.confirm", slug=slug))


def show_hooks(views: Sequence[hooking.HookView], wording: Wording) -> None:
    """What came in by webhooks, for each connection that has an address for them."""
    if not views:
        terminal.say(wording.say("hook.none"))
        return
    counts = ("received", "repeated", "waiting", "missed")
    rows = [
        (view.slug, *(wording.number(getattr(view, name)) for name in counts), _when(view.last, wording))
        for view in views
    ]
    names = [wording.say(f"hook.{name}") for name in (*counts, "last")]
    terminal.table([wording.word("columns", "name"), *names], rows, right=names[:-1])


def _when(milliseconds: int | None, wording: Wording) -> str:
    return wording.ago(int(time.time() * 1000) - milliseconds) if milliseconds else "–"


def _table_of_connections(views: Sequence[connecting.View], wording: Wording) -> None:
    """Each with how many calls it may make now, and when it may again if it may not."""
    rows = [
        (
            view.slug,
            system_name(view.connector, wording),
            wording.word("connection_state", view.state),
            _calls(view, wording),
        )
        for view in views
    ]
    calls = wording.word("columns", "calls")
    terminal.table(columns(wording, "name", "system", "state", "calls"), rows, right=[calls])


def _calls(view: connecting.View, wording: Wording) -> str:
    if view.calls_free_at:
        return wording.say("connect.blocked", n=view.calls_left or 0, when=wording.moment(view.calls_free_at))
    return wording.say("connect.unlimited") if view.calls_left is None else wording.number(view.calls_left)


def _show_stopped(view: connecting.View, wording: Wording) -> None:
    terminal.OUT.print(f"[bold]{view.slug}[/]")
    terminal.show_problem(problem_of(view.problem or {}), wording, console=terminal.OUT)
    if view.state == "stopped":
        again = wording.say("connect.again", slug=view.slug, connector=view.connector)
        terminal.say(again, indent=2)


def show_check(checked: connecting.Checked, wording: Wording) -> None:
    """The result of a live test; what is wrong goes where errors go."""
    if checked.ok:
        system = f"{checked.system} {checked.version}".strip()
        checked_ = wording.say("connect.checked", slug=checked.slug, system=system)
        terminal.OUT.print(f"[green]✓[/] {terminal.safe(checked_)}", soft_wrap=True)
    for problem in checked.problems:
        terminal.show_problem(problem, wording, checked.words)


def show_flows(views: Sequence[flowing.View], wording: Wording) -> None:
    """The flows."""
    if not views:
        terminal.say(wording.say("flow.none"))
        return
    rows = [
        (view.slug, view.source, view.target, wording.word("flow_state", view.state), view.version) for view in views
    ]
    terminal.table(columns(wording, "name", "source", "target", "state", "version"), rows)


def show_preview(records: Sequence[flowing.PreviewedRecord], first: int, with_payload: bool, wording: Wording) -> None:
    """What a run would do: the numbers, then each document; ``first`` of them, or all for 0."""
    if not records:
        terminal.say(wording.say("preview.nothing"))
        return
    counts = Counter(record.verdict for record in records)
    terminal.say(
        wording.say("preview.summary", **{name: counts[name] for name in ("act", "wait", "park", "exclude")}),
        style="bold",
    )
    for record in records[: first or None]:
        rule = f", {wording.say('preview.rule', rule=record.rule)}" if record.rule else ""
        name = f"{wording.word('kind', record.kind)} {record.id}"
        terminal.OUT.print(
            f"[bold]{terminal.safe(name)}[/] → {wording.say(f'preview.{record.verdict}')}{terminal.safe(rule)}"
        )
        for action in record.actions:
            terminal.say(f"{wording.word('effect', action.verb)}: {wording.word('kind', action.kind)}", indent=4)
            if with_payload:
                terminal.say(action.payload, indent=6, style="dim")
        for problem in record.problems:
            message = wording.explained(problem)
            terminal.say(message.text, indent=4)
            terminal.say(f"→ {message.cure}", indent=4)
    if first and len(records) > first:
        terminal.say(wording.say("preview.rest", n=first))
    if not with_payload:
        terminal.say(wording.say("preview.hint"))


def show_first_sync(found: Difference, first: int, wording: Wording) -> None:
    """What a first sync found: the numbers, and the documents that need a person, ``first`` of them."""
    say = wording.say
    counts = {name: found.counts.get(name, 0) for name in ("create", "adopt", "ask", "wait", "leave", "change")}
    terminal.say(say("first_sync.summary", **counts), style="bold")
    terminal.say(say("first_sync.only", n=found.only_in_target))
    asking = [line for line in found.lines if line.fate == "ask"]
    rows = [
        (wording.word("kind", line.kind), line.number, wording.money(line.total), wording.word("reason", line.cause))
        for line in asking[:first]
    ]
    if rows:
        terminal.table(columns(wording, "kind", "number", "total", "reason"), rows)
    name = "first_sync.live" if found.state == "live" else "first_sync.draft"
    terminal.say(say(name, slug=found.slug))


def show_inbox(items: Sequence[Item], wording: Wording) -> None:
    """What needs a person: per document the reason, and the cure once for all that share it."""
    if not items:
        terminal.say(wording.say("inbox.nothing"))
        return
    groups: dict[tuple[str, str], list[tuple[Item, str]]] = {}
    for item in items:
        message = wording.explained(item.problem)
        groups.setdefault((item.problem.cause, message.cure), []).append((item, message.text))
    for (cause, cure), members in groups.items():
        for item, text in members:
            known = f"{wording.word('kind', item.kind)} {item.number}"
            total = f"  {wording.money(item.total)}" if item.total else ""
            terminal.OUT.print(f"[bold]{item.record}[/]  {terminal.safe(known)}{total}  [dim]{item.flow}[/]")
            terminal.say(text, indent=4)
        terminal.OUT.print(f"  → {terminal.safe(cure)}  [dim]{cause}[/]\n", soft_wrap=True)
    terminal.say(wording.say("inbox.next"))


def unfinished(view: StatusView) -> int:
    """How many documents are neither done nor left out, and how many effects are not read back: two facts."""
    return sum(view.records[state] for state in ("waiting", "parked", "in_doubt")) + view.unverified


def show_status(view: StatusView, wording: Wording) -> None:
    """Everything on one screen: the truth in a sentence, what needs a person, and then how each part stands."""
    if view.halt:
        terminal.show_problem(view.halt, wording, console=terminal.OUT)
    terminal.say(_truth(view, wording), style="bold")
    if not view.connections:
        return
    _show_needs(view, wording)
    _heading("connections", wording)
    _table_of_connections(view.connections, wording)
    _show_feeds(view, wording)
    _show_standing(view, wording)
    _show_waiting(view.waiting, wording)


def _heading(name: str, wording: Wording) -> None:
    terminal.OUT.print(f"\n[bold]{wording.say(f'status.{name}')}[/]")


def _truth(view: StatusView, wording: Wording) -> str:
    if not view.connections:
        return wording.say("connect.none")
    total, done = sum(view.records.values()), view.records["done"]
    lacking = _lacking(view)
    counts = {
        "person": view.records["parked"] + lacking,
        "waiting": view.records["waiting"] - lacking,
        "in_doubt": view.records["in_doubt"],
        "excluded": view.records["excluded"],
        "unverified": view.unverified,
    }
    stopped = ", ".join(item.slug for item in view.connections if item.state == "stopped")
    parts = [wording.say(f"status.{name}", n=count) for name, count in counts.items() if count]
    troubled = [feed.connection for feed in view.feeds if feed.problem]
    troubled += [endpoint.connection for endpoint in view.endpoints if endpoint.problem]
    away = ", ".join(slug for slug in dict.fromkeys(troubled) if slug not in stopped.split(", "))
    paused = ", ".join(slug for slug, state in view.flows.items() if state == "paused")
    halted = ", ".join(item.slug for item in view.connections if item.state == "paused")
    parts += [wording.say("status.stopped", connections=stopped)] if stopped else []
    parts += [wording.say("status.halted", connections=halted)] if halted else []
    parts += [wording.say("status.away", connections=away)] if away else []
    parts += [wording.say("status.paused", flows=paused)] if paused else []
    if not total:
        nothing = wording.say("status.nothing") if view.flows else wording.say("flow.none")
        return "; ".join([nothing.removesuffix("."), *parts]) + "." if parts else nothing
    if done == total and not parts:
        return wording.say("status.all", n=total)
    return "; ".join([wording.say("status.some", done=done, n=total), *parts]) + "."


def _lacking(view: StatusView) -> int:
    return sum(line.count for line in view.standing if line.state == "waiting" and line.cause in _LACKING)


def _show_needs(view: StatusView, wording: Wording) -> None:
    """What only a person can end: stopped connections, then each cause with how many, an example and the cure."""
    stopped = [item for item in view.connections if item.problem]
    causes = [item for item in view.waiting if item.state == "parked" or item.cause in _LACKING]
    if stopped or causes:
        _heading("needs", wording)
    for connection in stopped:
        _show_stopped(connection, wording)
    for item in causes:
        message = wording.explained(problem_of(item.example))
        count = wording.say("status.parked", n=item.count)
        example = wording.say("status.example") if item.count > 1 else ""
        terminal.OUT.print(f"[yellow]{count}[/]: {example}{terminal.safe(message.text)}", soft_wrap=True)
        if message.cure:
            terminal.say(f"→ {message.cure}", indent=2)
        lines = [line for line in view.standing if line.cause == item.cause]
        flow = lines[0].flow if lines else ""
        see = ("lacking", {"flow": flow}) if item.cause in _LACKING else ("see", {"cause": item.cause})
        terminal.say(wording.say(f"status.{see[0]}", **see[1]), indent=2, style="dim")


def _show_feeds(view: StatusView, wording: Wording) -> None:
    stopped = {item.slug for item in view.connections if item.state in {"stopped", "paused"}}
    if view.feeds:
        _heading("reading", wording)
    for feed in view.feeds:
        names = {"connection": feed.connection, "feed": wording.word("feed", feed.feed)}
        ago = "" if feed.last_ok is None else wording.ago(int(time.time() * 1000) - feed.last_ok)
        name = "never_read" if feed.last_ok is None else "read" if feed.due_ms > 0 else "reading_now"
        name = "paused_reading" if feed.connection in stopped else name
        terminal.say(wording.say(f"status.{name}", ago=ago, soon=wording.soon(feed.due_ms), **names))
        if feed.problem and feed.connection not in stopped:
            terminal.show_problem(problem_of(feed.problem), wording, console=terminal.OUT)
    for endpoint in view.endpoints:
        if endpoint.problem and endpoint.connection not in stopped:
            terminal.say(wording.say("status.writing", connection=endpoint.connection))
            terminal.show_problem(problem_of(endpoint.problem), wording, console=terminal.OUT)
            terminal.say(wording.say("status.retry", when=wording.soon(endpoint.due_ms)), indent=2)


def _show_standing(view: StatusView, wording: Wording) -> None:
    if not view.standing:
        return
    rows = [
        (
            line.flow,
            wording.word("kind", line.kind),
            wording.word("state", line.state),
            wording.word("reason", line.cause),
            line.count,
            wording.money(line.total),
        )
        for line in view.standing
    ]
    total = wording.word("columns", "total")
    terminal.OUT.print()
    names = columns(wording, "flow", "kind", "state", "reason", "count", "total")
    terminal.table(names, rows, wording.say("status.documents"), right=[total])


def _show_waiting(waiting: Sequence[Waiting], wording: Wording) -> None:
    open_ = [item for item in waiting if item.state != "excluded"]
    if not open_:
        return
    rows = [
        (
            wording.word("state", item.state),
            wording.word("reason", item.cause),
            item.count,
            wording.since(item.oldest_ms),
        )
        for item in sorted(open_, key=lambda item: -item.oldest_ms)
    ]
    terminal.OUT.print()
    terminal.table(columns(wording, "state", "reason", "count", "oldest"), rows, wording.say("status.oldest"))


def show_backup(done: keeping.BackedUp, wording: Wording) -> None:
    """What was backed up, and where the key is."""
    counts = done.manifest.counts
    terminal.say(wording.say("keeping.backup", file=done.file, size=done.size // 1000, **counts))
    inside = installation.KEY_FILE in done.manifest.files
    terminal.say(wording.say("keeping.key_inside" if inside else "keeping.key_outside", mark=done.manifest.key))


def show_restored(done: keeping.Restored, wording: Wording) -> None:
    """What was restored, and what to do next."""
    terminal.say(wording.say("keeping.restored", data=done.data, made=wording.moment(done.manifest.made)))
    if done.kept:
        terminal.say(wording.say("keeping.kept", files=", ".join(done.kept)))
    terminal.say(wording.say("keeping.next"))


def show_faults(rules: Sequence[Mapping[str, Any]], wording: Wording) -> None:
    """The faults of a simulator."""
    if not rules:
        terminal.say(wording.say("sandbox.no_faults"))
        return
    rows = [
        (rule["fault"], f"{rule.get('method') or '*'} {rule.get('path') or '*'}", rule.get("times") or "∞")
        for rule in rules
    ]
    terminal.table(columns(wording, "fault", "where", "times"), rows)
