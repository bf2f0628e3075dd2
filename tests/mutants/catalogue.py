"""The breakages: what is replaced by what, what a user would suffer by it, and the tests that have to notice."""

from dataclasses import dataclass

ONCE = "tests/hub/test_exactly_once.py"
LEDGER = "tests/hub/test_ledger.py"
WAKING = "tests/hub/test_waking.py"
FAIRNESS = "tests/hub/test_fairness.py"
PLAN = "tests/core/test_plan.py"
FLOWS = "tests/hub/test_two_flows.py"
CHANGES = "tests/hub/test_changes.py"
ADOPTION = "tests/hub/test_adoption.py"
STOPPING = "tests/hub/test_stopping.py"
BRAKE = "tests/hub/test_brake.py"


@dataclass(frozen=True)
class Edit:
    """One text in one file of src, there once, and what stands instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """One named breakage."""

    name: str
    suffers: str
    tests: tuple[str, ...]
    edits: tuple[Edit, ...]


def mutant(name: str, suffers: str, tests: tuple[str, ...], *edits: tuple[str, str, str]) -> Mutant:
    """A breakage from its edits: file below the hub or in the core, old text, new text."""
    return Mutant(name, suffers, tests, tuple(Edit(_path(file), old, new) for file, old, new in edits))


def _path(file: str) -> str:
    return f"mostek/{file}" if file.startswith("core/") else f"mostek/hub/{file}"


PLANNED = "AND p.planned = p.revision "
LIVE = "AND f.state = 'live' ORDER BY a.lane"
INTENT = "return actions.intend(tx, self._held, room) if room else []"
UNFROZEN = """rows = actions.intend(tx, self._held, room) if room else []
        actions.give_back(tx, self._held, [row["key"] for row in rows or ()])
        return rows"""
FENCED = "AND EXISTS (SELECT 1 FROM endpoint e WHERE e.connection = action.endpoint AND e.fence = :fence)"
MOVED_FIRST = """empty = Page(records=(), cursor=page.cursor, more=page.more, watermark=page.watermark)
            await engine.ledger.write(_store, opened, held, empty)
            stored += await engine.ledger.write(feed_rows.put_records, held, page.records, lane=0)"""
UNBLOCKED = """WHERE state = 'blocked' AND key IN {each keys} AND NOT EXISTS (
    SELECT 1 FROM need n LEFT JOIN action a ON a.key = n.needs WHERE n.action = action.key
    AND (a.key IS NULL OR a.state <> 'done'));"""

CATALOGUE: tuple[Mutant, ...] = (
    mutant(
        "call before intent",
        "a crash during the call books the document twice",
        (f"{ONCE}::test_killed_at_any_commit_or_call_everything_comes_to_rest",),
        ("delivery.py", INTENT, UNFROZEN),
        (
            "delivery.py",
            "actions.commit_outcomes(tx, self._held, [each",
            "actions.intend(tx, self._held, 1000)\n            actions.commit_outcomes(tx, self._held, [each",
        ),
    ),
    mutant(
        "cursor moved before records",
        "a crash in between loses a page for good",
        (f"{LEDGER}::test_a_reader_that_dies_leaves_nothing_out",),
        (
            "reading.py",
            "stored += await engine.ledger.write(_store, opened, held, page)",
            MOVED_FIRST,
        ),
    ),
    mutant(
        "no fence in outcomes",
        "a worker that lost its lease overwrites what its successor found out",
        (f"{ONCE}::test_an_old_fence_commits_neither_intents_nor_outcomes_nor_verification",),
        (
            "ledger/sql/actions.sql",
            f"{FENCED}\nRETURNING action.key, action.state",
            "RETURNING action.key, action.state",
        ),
    ),
    mutant(
        "no fence in intents",
        "a worker that lost its lease sends beside its successor",
        (f"{ONCE}::test_an_old_fence_commits_neither_intents_nor_outcomes_nor_verification",),
        ("ledger/actions.py", "    if not _extended(tx, held):\n        return None\n", ""),
        ("ledger/sql/actions.sql", f"{FENCED}\nRETURNING key, verb", "RETURNING key, verb"),
    ),
    mutant(
        "no fence when given back",
        "a worker that lost its lease has sent again what its successor is sending",
        (f"{ONCE}::test_an_old_holder_gives_nothing_back_that_the_new_one_is_sending",),
        ("ledger/sql/actions.sql", "AND state = 'sent' AND fence = :fence;", "AND state = 'sent';"),
    ),
    mutant(
        "a stop noticed only when something is committed",
        "what a person stopped goes on being sent",
        (f"{STOPPING}::test_in_the_middle_of_its_work",),
        ("delivery.py", "if seen != self._seen or now - self._looked > LOOK:", "if False:"),
    ),
    mutant(
        "kept what was to be sent and was not",
        "after a stop the books are asked for what they never were given",
        (f"{STOPPING}::test_in_the_middle_of_its_work",),
        ("delivery.py", "await self._ledger.write(actions.give_back, self._held, [each", "str([each"),
    ),
    mutant(
        "no fence in feed",
        "a late reader stores old versions over newer ones and turns the cursor back",
        (f"{LEDGER}::test_one_feed_has_one_reader_and_a_late_one_stores_nothing",),
        ("ledger/sql/feeds.sql", "WHERE id = :feed AND fence = :fence AND owner = :owner", "WHERE id = :feed"),
    ),
    mutant(
        "no fence in plan",
        "a late planner replaces the plan made from newer facts",
        (f"{LEDGER}::test_a_passage_is_planned_by_one_and_a_late_plan_is_not_written",),
        (
            "ledger/sql/passages.sql",
            "WHERE passage.id = v.id AND passage.fence = v.fence RETURNING passage.id;\n\n-- name: drop",
            "WHERE passage.id = v.id RETURNING passage.id;\n\n-- name: drop",
        ),
        (
            "ledger/sql/passages.sql",
            "WHERE passage.id = v.id AND passage.fence = v.fence RETURNING passage.id;\n\n-- name: postpone",
            "WHERE passage.id = v.id RETURNING passage.id;\n\n-- name: postpone",
        ),
    ),
    mutant(
        "no monotonic guard",
        "a machine that wakes from sleep sends what another has taken over",
        (f"{ONCE}::test_a_worker_that_slept_past_its_lease_sends_nothing",),
        ("delivery.py", "if time.monotonic() > self._until:", "if False:"),
    ),
    mutant(
        "no settles_after",
        "what the vendor is still about to commit is looked for too early",
        (f"{ONCE}::test_nothing_is_sent_again_before_it_can_no_longer_happen",),
        ("delivery.py", "settles = self._opened.settles_after_ms\n", "settles = 0\n"),
    ),
    mutant(
        "resend without find",
        "a lost answer books the document twice",
        (f"{ONCE}::test_every_story_of_faults_ends_with_one_effect",),
        (
            "delivery.py",
            "findings = await self._find(intents)\n        outcomes",
            "findings = [Absent(as_of=asked)] * len(intents)\n        outcomes",
        ),
    ),
    mutant(
        "absent taken as proof at once",
        "an index that lags behind books the document twice",
        (f"{ONCE}::test_what_proves_nothing_is_no_reason_to_send_again",),
        ("judgement.py", "total_seconds() * 1000 > spare_ms:", "total_seconds() < 0:"),
    ),
    mutant(
        "cannot tell taken as absent",
        "a busy system gets the document twice",
        (f"{ONCE}::test_what_proves_nothing_is_no_reason_to_send_again",),
        (
            "judgement.py",
            'case CannotTell():\n            return Outcome(key=key, state="unknown", settles_ms=_AGAIN_MS, **doubt)',
            'case CannotTell():\n            return Outcome(key=key, state="ready", wait_ms=0)',
        ),
    ),
    mutant(
        "found several treated as done",
        "a double in the books is never told",
        (f"{ONCE}::test_found_twice_is_an_alarm_and_never_done",),
        (
            "judgement.py",
            "case Found(ids=ids) if len(ids) == 1:\n            return Outcome(",
            "case Found(ids=ids) if ids:\n            return Outcome(",
        ),
    ),
    mutant(
        "payload rendered anew at resend",
        "the books hold one version, the ledger says another",
        (f"{ONCE}::test_a_document_that_changed_while_its_fate_was_unknown_is_never_done_with_old_figures",),
        (
            "ledger/sql/passages.sql",
            "CASE WHEN a.state = 'ready' AND a.sent IS NOT NULL THEN 'sent' ELSE a.state END AS state",
            "a.state",
        ),
        (
            "ledger/sql/passages.sql",
            "OR action.state IN ('blocked', 'ready') AND action.sent IS NULL);\n\n-- name: put_needs",
            "OR action.state IN ('blocked', 'ready'));\n\n-- name: put_needs",
        ),
    ),
    mutant(
        "compare-and-set of state dropped",
        "an action in flight is sent again",
        (f"{ONCE}::test_an_old_fence_commits_neither_intents_nor_outcomes_nor_verification",),
        ("ledger/sql/actions.sql", "AND a.state = 'ready' AND a.not_before <= {now}\n", "AND a.not_before <= {now}\n"),
    ),
    mutant(
        "abandoned work not doubted",
        "what a dead worker had in flight stays open for ever",
        (f"{ONCE}::test_killed_at_any_commit_or_call_everything_comes_to_rest",),
        ("ledger/sql/actions.sql", "AND state = 'sent' AND fence < :fence", "AND state = 'sent' AND fence < 0"),
    ),
    mutant(
        "ordinal instead of the source's id in the key",
        "after a restore the same document has another key and is booked again",
        (f"{PLAN}::test_a_plain_document_is_booked_after_its_buyer",),
        (
            "core/scope.py",
            "return key_of(self.case, self.target, entry.kind, entry.id, duty or entry.kind)",
            'return key_of(self.case, self.target, entry.kind, str(getattr(entry, "record", 0)), duty or entry.kind)',
        ),
    ),
    mutant(
        "target not in the key of a booking",
        "the second books never get the document",
        (f"{FAIRNESS}::test_one_source_feeds_two_targets_and_is_read_once",),
        ("core/keys.py", 'target if role == "book" else ""', '""'),
    ),
    mutant(
        "no wake by record or number",
        "a credit note waits for ever for an invoice that is there",
        (f"{WAKING}::test_a_number_wakes_the_credit_note_that_waits_for_it",),
        ("ledger/feeds.py", '    tx.run("wake", keys=sorted(', "    sorted(sorted("),
    ),
    mutant(
        "no wake by the end of an action",
        "a change made while the fate was unknown is never told",
        (f"{WAKING}::test_an_action_that_ends_wakes_what_waits_for_it",),
        ("ledger/actions.py", 'tx.run("wake", keys=awaited)', "pass"),
    ),
    mutant(
        "a new policy wakes only what was decided before",
        "a mapping saved while a case is planned is never used for it",
        (f"{WAKING}::test_a_policy_saved_while_a_case_is_planned_is_not_missed",),
        ("ledger/sql/catalog.sql", "AND (planned < revision OR id IN", "AND (id IN"),
    ),
    mutant(
        "dependents not checked when unblocked",
        "a payment is sent before its invoice",
        (f"{WAKING}::test_a_refused_document_parks_what_follows_it_and_is_sent_once_per_try",),
        (
            "ledger/sql/passages.sql",
            UNBLOCKED,
            "WHERE state = 'blocked' AND key IN {each keys};",
        ),
    ),
    mutant(
        "parked needs not told",
        "a document whose buyer was refused waits for ever and says nothing",
        (f"{WAKING}::test_the_refusal_of_a_contact_is_told_on_every_document_that_needs_it",),
        ("ledger/sql/passages.sql", "OR stuck.action IS NOT NULL THEN 3", "THEN 3"),
    ),
    mutant(
        "shared contact dropped with its planner",
        "leaving one document out stops all others of the same buyer",
        (f"{WAKING}::test_a_contact_that_another_case_needs_stays_when_its_planner_no_longer_does",),
        ("ledger/sql/passages.sql", "AND NOT (kind = 'contact' AND EXISTS", "AND NOT (kind = 'nothing' AND EXISTS"),
    ),
    mutant(
        "planned revision ignored",
        "a document is sent as it stood before its last change",
        (f"{LEDGER}::test_a_case_that_changes_while_it_is_planned_is_planned_again_and_not_sent",),
        (
            "ledger/sql/actions.sql",
            PLANNED + LIVE,
            LIVE,
        ),
    ),
    mutant(
        "exclusion not sticky",
        "what a person left out is sent after the next change",
        (f"{WAKING}::test_what_a_person_excluded_stays_so_whatever_happens",),
        ("core/plan.py", "if entry.record in scope.facts.excluded:", "if False:"),
    ),
    mutant(
        "rules of today decide about what is done",
        "a booked document is shown as left out",
        (f"{WAKING}::test_rules_of_today_do_not_undo_what_is_in_the_books",),
        ("core/plan.py", "        if known and scope.is_carried(entry):\n", "        if False:\n"),
    ),
    mutant(
        "unchanged records rewritten",
        "each pass costs as much as the first",
        (f"{LEDGER}::test_unchanged_pages_write_nothing_but_the_cursor",),
        ("ledger/feeds.py", 'or row["fingerprint"] != record.fingerprint', "or True"),
    ),
    mutant(
        "replaced versions not kept",
        "nobody can tell what the shop had said before",
        (f"{LEDGER}::test_each_replaced_version_is_kept",),
        ("ledger/feeds.py", 'tx.run("keep_versions", ids=[row["id"] for row in before])', "pass"),
    ),
    mutant(
        "moved records leave their actions behind",
        "a document that got its order waits for ever",
        (f"{LEDGER}::test_a_record_that_moves_to_another_case_takes_its_decision_and_actions_along",),
        ("ledger/feeds.py", "    if moved:\n", "    if False:\n"),
    ),
    mutant(
        "suspects planned with the innocent",
        "one case that kills the planner parks a hundred others",
        (f"{FAIRNESS}::test_a_case_that_kills_the_planner_three_times_is_parked_and_the_others_go_on",),
        (
            "ledger/sql/passages.sql",
            "    AND CASE WHEN crashes > 0 THEN 1 ELSE 0 END = CAST(:suspects AS INTEGER)\n",
            "    AND :suspects = 0\n",
        ),
    ),
    mutant(
        "back-fill before live work",
        "today's order waits behind last year's",
        (f"{FAIRNESS}::test_a_live_document_overtakes_the_back_fill",),
        ("ledger/sql/actions.sql", "ORDER BY a.lane, a.passage", "ORDER BY a.lane DESC, a.passage"),
        ("ledger/actions.py", '(row["lane"], row["passage"]', '(-row["lane"], row["passage"]'),
    ),
    mutant(
        "one system after the other",
        "a slow target stops all others",
        (f"{FAIRNESS}::test_a_slow_target_delays_only_its_own_flow",),
        (
            "runner.py",
            "await asyncio.wait([change, *running.values()], return_when=asyncio.FIRST_COMPLETED)",
            "await asyncio.wait([change, *running.values()])",
        ),
    ),
    mutant(
        "a cancelled write stops the writer",
        "closing a page of the admin hangs the hub",
        (f"{LEDGER}::test_whoever_stops_waiting_does_not_stop_the_others",),
        ("ledger/store.py", "job is not None and job[1].set_running_or_notify_cancel()", "job is not None"),
    ),
    mutant(
        "verification never alarms",
        "a wrong total in the books is shown as done",
        (f"{WAKING}::test_a_wrong_figure_in_the_books_is_an_alarm_and_can_be_looked_at_again",),
        (
            "judgement.py",
            'told |= {"state": "alarm", "cause": problem.cause',
            'told |= {"state": "done", "cause": None',
        ),
    ),
    mutant(
        "taken as read back what was not",
        "a wrong total in the books is never found",
        (f"{WAKING}::test_a_wrong_figure_in_the_books_is_an_alarm_and_can_be_looked_at_again",),
        ("delivery.py", "int(not self._readable(intent))", "1"),
    ),
    mutant(
        "what another flow did not looked at",
        "the second of two flows waits for ever, and its documents are never accounted for",
        (f"{FLOWS}::test_what_one_flow_carries_over_the_other_leaves_to_it",),
        ("core/plan.py", "        _not_of_another_flow(entry, scope)\n", ""),
    ),
    mutant(
        "refused rendering not told to the plan",
        "a credit note waits for ever for an invoice that cannot be written down, planned over and over",
        (f"{FLOWS}::test_what_cannot_be_written_down_parks_its_credit_note_too",),
        ("core/plan.py", "entry.problems or scope.facts.refused.get(str(entry.record))", "entry.problems"),
        ("planning.py", "        if not refused:\n", "        if True:\n"),
    ),
    mutant(
        "a change under way forgotten when the source goes back",
        "the books keep the middle one of three versions, and the hub says done",
        (f"{CHANGES}::test_a_change_taken_back_while_it_is_unsettled_is_taken_back_there_too",),
        ("core/carried.py", "unsettled = known.busy or (", "unsettled = ("),
    ),
    mutant(
        "a person's change written over",
        "what the accountant corrected is gone without a word",
        (f"{CHANGES}::test_what_a_person_did_there_is_never_written_over",),
        (
            "core/carried.py",
            "elif known.hand or (known.expected and compare(known.expected, statement)):",
            "elif False:",
        ),
    ),
    mutant(
        "closed books changed",
        "a VAT return that was filed does not agree with the books any more",
        (f"{CHANGES}::test_closed_books_are_not_touched_and_opened_ones_are",),
        ("core/carried.py", "closed = scope.target.is_closed(*closed_days(document, statement))", "closed = False"),
        ("delivery.py", "if min(days) > until:", "if True:"),
    ),
    mutant(
        "an adopted document entered again",
        "the first sync doubles what the older bridge had made",
        (f"{ADOPTION}::test_first_sync_takes_over_asks_and_creates",),
        ("core/plan.py", "    adopted = scope.facts.adopted.get(key)\n", "    adopted = None\n"),
    ),
    mutant(
        "payments booked without regard to what was",
        "a document paid in parts is paid over and over",
        (f"{CHANGES}::test_payments_converge_by_their_sum",),
        ("core/carried.py", "due = wanted - booked", "due = wanted"),
    ),
    mutant(
        "no brake",
        "a rule saved by mistake acts on thousands of old orders",
        (f"{BRAKE}::test_a_rule_saved_by_mistake_is_held_and_undone",),
        ("ledger/catalog.py", "    if over and effects > usual:\n", "    if False:\n"),
    ),
    mutant(
        "a draft sends",
        "a flow that was to show for days what it would do has done it",
        (f"{ADOPTION}::test_a_draft_is_planned_and_sends_nothing_until_it_goes_live",),
        (
            "ledger/sql/actions.sql",
            "SELECT id FROM flow WHERE target = :connection AND state = 'live'",
            "SELECT id FROM flow WHERE target = :connection",
        ),
        (
            "ledger/sql/actions.sql",
            PLANNED + LIVE,
            f"{PLANNED}ORDER BY a.lane",
        ),
    ),
)
