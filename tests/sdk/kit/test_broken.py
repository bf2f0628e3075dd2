"""Every check can fail: for each there is a toy that breaks just this law, and the check says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mostek.sdk.kit import CHECKS, Check, ContractError, Setup, applying
from mostek.sdk.kit.catalogue import run
from mostek.sdk.kit.check import NotProvenError
from tests.sdk.kit import broken_answers, broken_changes, broken_package, broken_source, broken_target, people_toy
from tests.sdk.kit.bench import TOY
from tests.sdk.kit.broken import Broken

NAMED: dict[str, Check] = {check.name: check for check in CHECKS}
BROKEN = (
    *broken_package.BROKEN,
    *broken_source.BROKEN,
    *broken_target.BROKEN,
    *broken_changes.BROKEN,
    *broken_answers.BROKEN,
    *people_toy.BROKEN,
)


def fails(check: str, setup: Setup, folder: Path, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        run(NAMED[check], setup, folder)
    assert not isinstance(caught.value, NotProvenError)
    assert says in str(caught.value)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.check}-{broken.says or 'any'}")
def test_a_broken_toy_is_seen(broken: Broken, tmp_path: Path) -> None:
    fails(broken.check, broken.setup(), tmp_path, broken.says)


@pytest.mark.parametrize(("check", "says", "edit"), broken_package.EDITED)
def test_a_broken_package_is_seen(check: str, says: str, edit: Callable[[Path], object], tmp_path: Path) -> None:
    with broken_package.edited(tmp_path, edit) as setup:
        fails(check, setup, tmp_path, says)


def test_an_edited_package_is_otherwise_sound(tmp_path: Path) -> None:
    for check in ("readme_tells_settings_limits_and_proof", "causes_have_texts_in_every_language", "id_is_its_folder"):
        with broken_package.edited(tmp_path / check, lambda folder: folder) as setup:
            run(NAMED[f"manifest.{check}"], setup, tmp_path)


def test_every_check_has_a_toy_that_fails_it() -> None:
    proven = {broken.check for broken in BROKEN} | {check for check, _, _ in broken_package.EDITED}
    assert set(NAMED) - proven == set()


def test_names_are_unique_and_laws_are_told() -> None:
    assert len(NAMED) == len(CHECKS)
    assert [check.name for check in CHECKS if not check.law] == []


def test_the_toys_meet_every_check() -> None:
    kept_up = tuple(check for check in CHECKS if check.area == "people")
    assert tuple(check for check in applying(people_toy.PEOPLE) if check.area == "people") == kept_up
    assert applying(TOY) == tuple(check for check in CHECKS if check not in kept_up)
