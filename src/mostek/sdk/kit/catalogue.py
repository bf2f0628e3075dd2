"""All checks, and the dozen lines' one line: a test of them for pytest."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from mostek.sdk.kit import (
    asking,
    changing,
    describing,
    disturbed,
    finding,
    opening,
    parsing,
    people,
    reading,
    rendering,
    secrecy,
    unsettled,
    writing,
)
from mostek.sdk.kit.check import Check, ContractError
from mostek.sdk.kit.room import Room
from mostek.sdk.kit.setup import Setup

CHECKS: tuple[Check, ...] = (
    *describing.CHECKS,
    *opening.CHECKS,
    *reading.CHECKS,
    *disturbed.CHECKS,
    *parsing.CHECKS,
    *rendering.CHECKS,
    *writing.CHECKS,
    *unsettled.CHECKS,
    *finding.CHECKS,
    *changing.CHECKS,
    *asking.CHECKS,
    *people.CHECKS,
    *secrecy.CHECKS,
)


def applying(setup: Setup) -> tuple[Check, ...]:
    """The checks that concern a connector with these capabilities."""
    return tuple(check for check in CHECKS if check.concerns(setup))


def contract(setup: Setup, *areas: str) -> Callable[..., None]:
    """A test function that pytest expands into one test for each check: ``test_contract = contract(Setup(...))``.

    ``areas`` narrows it to some, as ``"find"``, to prove them under other settings once more.
    """
    chosen = [check for check in applying(setup) if not areas or check.area in areas]

    @pytest.mark.parametrize("check", [pytest.param(check, id=check.name) for check in chosen])
    def test_contract(check: Check, tmp_path: Path) -> None:
        told = ""
        try:
            run(check, setup, tmp_path)
        except ContractError as error:
            told = f"{check.name}: {check.law}\n{error}"
        if told:  # outside of the exception: what the connector did is the message, not the way to it
            pytest.fail(told, pytrace=False)

    return test_contract


def run(check: Check, setup: Setup, folder: Path) -> None:
    """Run one check in an event loop of its own; it raises where the contract is broken."""
    asyncio.run(check.run(Room(setup, folder)))
