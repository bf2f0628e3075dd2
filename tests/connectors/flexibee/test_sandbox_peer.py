"""An independent client, python-abraflexi, works against the sandbox as it is: in its own environment and process."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.connectors.flexibee.test_sandbox.desk import TODAY, opened

SCRIPT = Path(__file__).parent / "test_sandbox" / "abraflexi_story.txt"


async def test_python_abraflexi(peers: Path, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        process = await asyncio.create_subprocess_exec(
            str(peers),
            "-c",
            SCRIPT.read_text("utf-8"),
            desk.url,
            TODAY,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
        told: dict[str, Any] = json.loads(out)
        books = await desk.ledger()
    assert told["created"] == ["1", "2"]
    assert told["error"].startswith("HTTP 400")
    assert "není číslo" in told["error"]
    assert told["listed"] == ["F1"]
    assert (told["count"], told["all"]) == (2, ["F1", "F2"])
    assert told["loaded"] == "Přejmenováno"
    assert told["sum"] == "242.0"
    assert told["watched"] is True
    # One update of a field, a storno of a document with its line, a lock and an unlock.
    assert told["operations"] == ["create"] * 4 + ["update"] * 5 + ["delete"] * 2
    assert told["login"] is True
    assert told["forbidden"] == "AuthenticationException"
    assert told["missing"] == "NotFoundException"
    assert [(each["number"], each["cancelled"], each["total"]) for each in books["documents"]] == [
        ("F1", True, "121.00")
    ]
