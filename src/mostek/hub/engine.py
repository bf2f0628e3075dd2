"""What the loops share: the ledger, the open connections, the flows in force, and who this worker is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec

from mostek.core import policy as policies
from mostek.core.facts import Target
from mostek.core.policy import Policy, Versions
from mostek.documents.booking import Profile
from mostek.documents.problem import InvalidDocumentError, Problem, printable
from mostek.hub import workers
from mostek.hub.connections import AnyConnector, Connections, Opened
from mostek.hub.ledger import Ledger, Transaction, catalog
from mostek.hub.ledger.catalog import FlowRow
from mostek.sdk.errors import AuthFailedError, BusyError, ConfigurationError, RateLimitedError, VendorError

# What the hub waits after a failure before it tries the same system again, in milliseconds: what is back is in use
# again within 5 seconds, unless it said itself that it is busy.
_PAUSES: Mapping[type[VendorError], int] = {BusyError: 30_000}
PAUSE_MS = 3_000


@dataclass(frozen=True)
class Flow:
    """A flow ready to plan with: its row, the versions of its policy, and its target."""

    row: FlowRow
    versions: Versions
    target: Target

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.versions.policy


@dataclass
class Engine:
    """One worker's view of an installation."""

    ledger: Ledger
    connections: Connections
    owner: str = field(default_factory=workers.name)
    # Targets that could not be asked when planning, and why, as it stands in the ledger.
    silent: dict[int, str] = field(default_factory=dict)
    _flows: tuple[tuple[int, int, str | None], ...] = ()
    _loaded: dict[int, Flow] = field(default_factory=dict)

    async def flows(self) -> Mapping[int, Flow]:
        """The flows in force; a saved version takes effect at the next plan."""
        rows = await self.ledger.read(catalog.flows)
        versions = tuple((row.id, row.version, row.closed_until) for row in rows)
        if versions != self._flows:
            loaded = [await self._flow(row) for row in rows]
            self._loaded = {flow.row.id: flow for flow in loaded if flow}
            self._flows = versions if len(self._loaded) == len(rows) else ()
        return self._loaded

    async def open(self, number: int) -> Opened | None:
        """The open connection, or None for one whose stored settings no longer fit: it is stopped, the others go on."""
        try:
            return await self.connections.get(number)
        except (InvalidDocumentError, VendorError) as error:
            problem = as_json(error.problem if isinstance(error, VendorError) else error.problems[0])
            await self.ledger.write(
                Transaction.run, "put_connection_problem", connection=number, problem=problem, state="stopped"
            )
            return None

    async def stop(self, number: int, error: VendorError) -> None:
        """Call this system no more until its owner has changed its settings."""
        opened = await self.open(number)
        problem = told(opened, error.problem, error.words) if opened else as_json(error.problem, error.words)
        await self.ledger.write(
            Transaction.run,
            "put_connection_problem",
            connection=number,
            problem=problem,
            state="stopped",
        )

    async def _flow(self, row: FlowRow) -> Flow | None:
        target = await self.open(row.target)
        if target is None or await self.open(row.source) is None:
            return None
        return flow_of(row, target.row.slug, target.connector)


def flow_of(row: FlowRow, slug: str, connector: AnyConnector) -> Flow:
    """A stored flow ready to plan with, into the target of that short name and system."""
    target = Target(
        slug=slug,
        tables=connector.manifest.mappings,
        profile=connector.profile or Profile(),
        kinds=frozenset(connector.manifest.writes),
        verbs={kind: frozenset(writes.verbs) for kind, writes in connector.manifest.writes.items()},
        closed_until=date.fromisoformat(row.closed_until) if row.closed_until else None,
    )
    return Flow(row=row, versions=policies.versions(row.versions), target=target)


def failed(error: Exception) -> Problem:
    """What is told of a connector that broke on its own: the others go on."""
    return Problem(cause="connector.failed", details={"reason": printable(repr(error))})


def stops_connection(error: VendorError) -> bool:
    """Whether only the owner can help: another try would fail alike, or lock the account."""
    return isinstance(error, AuthFailedError | ConfigurationError)


def pause_ms(error: VendorError, now_ms: float) -> int:
    """How long to leave a system alone after this error."""
    if isinstance(error, RateLimitedError):
        return max(int(error.until.timestamp() * 1000 - now_ms), 1000)
    return _PAUSES.get(type(error), PAUSE_MS)


def told(opened: Opened, problem: Problem, words: str = "") -> str:
    """A problem as the ledger stores it, without the secrets of the connection it is about."""
    return as_json(opened.redacted(problem), opened.redact(words))


def as_json(problem: Problem, words: str = "") -> str:
    """A problem as the ledger stores it, with the vendor's own words."""
    details = {**problem.details, "words": words} if words else dict(problem.details)
    return msgspec.json.encode(msgspec.structs.replace(problem, details=details)).decode()
