"""Stored cases are decided as they were, to the byte: each file beside this one is a test.

One is added by ``mostek replay FILE --as-test NAME`` and renewed, when the change is meant, by ``--keep``.
"""

from pathlib import Path

import pytest

from mostek.desk.specimen import decoded, encoded, replay

FILES = sorted(Path(__file__).parent.glob("*.json"))


def test_there_are_cases() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_case_is_decided_as_it_was(file: Path) -> None:
    assert replay(decoded(file.read_bytes())).changes == ()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_case_is_kept_with_made_up_people_and_as_it_is_written(file: Path) -> None:
    specimen = decoded(file.read_bytes())
    assert specimen.anonymous
    assert encoded(specimen) == file.read_bytes()
