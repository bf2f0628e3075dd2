"""The sound toy keeps every law of the contract."""

from mostek.sdk.kit import contract
from tests.sdk.kit.bench import TOY
from tests.sdk.kit.people_toy import PEOPLE

test_contract = contract(TOY)
test_contract_of_people = contract(PEOPLE, "people")
