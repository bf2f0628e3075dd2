"""The ledger: the only place that knows a database. Functions of its modules run inside :meth:`Ledger.write`."""

from mostek.hub.ledger.dialect import DATABASE_ERRORS, OUTAGES
from mostek.hub.ledger.store import Ledger, StaleLeaseError, Transaction

__all__ = ["DATABASE_ERRORS", "OUTAGES", "Ledger", "StaleLeaseError", "Transaction"]
