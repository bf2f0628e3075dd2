"""The contract kit: what every connector has to keep, as named checks that its author runs with pytest.

A dozen lines in ``tests/connectors/<system>/test_contract.py`` say how the connector is reached and what its sandbox
holds (:class:`Setup`), and expand into one test per check: ``test_contract[write.answer_lost_is_unknown_then_found]``.
Only tests import this package: it needs pytest, and the sandboxes' runtime. See ``docs/contract-kit.md``.
"""

from mostek.sdk.kit.catalogue import CHECKS, applying, contract
from mostek.sdk.kit.check import Check, ContractError
from mostek.sdk.kit.desk import Desk
from mostek.sdk.kit.room import Room
from mostek.sdk.kit.setup import Effect, People, Setup, Source, Target

__all__ = [
    "CHECKS",
    "Check",
    "ContractError",
    "Desk",
    "Effect",
    "People",
    "Room",
    "Setup",
    "Source",
    "Target",
    "applying",
    "contract",
]
