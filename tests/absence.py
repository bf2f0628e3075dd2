"""What a test needs and this machine lacks: named and skipped on a laptop, a failure in CI."""

import os
from typing import NoReturn

import pytest


def absent(what: str, cure: str) -> NoReturn:
    """End the running test: skip it by name, or fail it where nothing may be missing (CI=true)."""
    message = f"{what} absent. Cure: {cure}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
