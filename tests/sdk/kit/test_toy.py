"""The sound toy keeps every law of the contract."""

from mostek.sdk.kit import contract
from tests.sdk.kit.bench import TOY

test_contract = contract(TOY)
