"""A backup as one file: a zip of the ledger, its traces, a manifest with their checksums, and the key if asked for.

Both databases are copied as of one moment, while others write on. The copy belongs to no place: whoever starts it is
asked. Nothing is ever half there: files are built aside, checked, made durable, and renamed.
"""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from mostek.desk.installation import KEY_FILE, LEDGER_FILE
from mostek.documents.problem import invalid
from mostek.hub import place
from mostek.hub.ledger.dialect import migrations, trace_file

TRACE_FILE = trace_file(LEDGER_FILE).name
MANIFEST = "manifest.json"
FORMAT = 1
# What SQLite keeps beside a file that was not closed.
_BESIDE = ("-wal", "-shm")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup.

    ``format`` grows when an older program could not read it; ``migrations`` are those that the ledger has had;
    ``counts`` how many records and actions there are; ``files`` their SHA-256; ``key`` the mark of the key file that
    opens its passwords, ``origin`` where that lay.
    """

    format: int
    version: str
    epoch: str
    made: datetime
    origin: str
    key: str
    migrations: tuple[str, ...]
    counts: Mapping[str, int]
    files: Mapping[str, str]


def mark_of(key_file: Path) -> str:
    """What tells key files apart without telling a key: eight digits of a digest of the oldest key, which stays."""
    return hashlib.sha256(key_file.read_bytes().split()[-1]).hexdigest()[:8]


@contextlib.contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """A folder for its owner only, on the same disk, gone at the end."""
    made = Path(tempfile.mkdtemp(prefix=".mostek-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write(file: Path, ledger: Path, key: Path, *, with_key: bool) -> Manifest:
    """Back a ledger up into a new file, which its owner only can read; the program may run on meanwhile."""
    with aside(ledger.parent) as folder, aside(file.parent) as near:
        _copy(ledger, folder)
        if with_key:
            shutil.copyfile(key, folder / KEY_FILE)
        names = [LEDGER_FILE, TRACE_FILE, *([KEY_FILE] if with_key else [])]
        manifest = _manifest(folder, names, mark_of(key))
        built = near / "backup"
        with zipfile.ZipFile(built, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(MANIFEST, msgspec.json.encode(manifest))
            for name in names:
                archive.write(folder / name, name)
        built.chmod(0o600)
        durable(built)
        try:
            os.link(built, file)  # unlike a rename it never replaces what another one has put there
        except FileExistsError:
            raise
        except OSError:  # a disk that knows no second name of a file
            built.rename(file)
        durable(file.parent)
    return manifest


def _copy(ledger: Path, folder: Path) -> None:
    """Copy both databases as of the moment when both readings have begun and nobody may write."""
    with contextlib.closing(_opened(ledger)) as source, contextlib.closing(_opened(ledger)) as gate:
        gate.execute("BEGIN IMMEDIATE")
        source.execute("BEGIN")
        for schema in ("main", "trace"):
            source.execute(f"PRAGMA {schema}.schema_version").fetchall()
        gate.execute("ROLLBACK")
        for schema, name in (("main", LEDGER_FILE), ("trace", TRACE_FILE)):
            with contextlib.closing(sqlite3.connect(folder / name, isolation_level=None)) as copy:
                source.backup(copy, name=schema)
                copy.execute("PRAGMA journal_mode=DELETE")
        source.execute("ROLLBACK")


def _opened(ledger: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(ledger, isolation_level=None, timeout=30)
    connection.execute("ATTACH DATABASE ? AS trace", (str(trace_file(str(ledger))),))
    return connection


def _manifest(folder: Path, names: list[str], key: str) -> Manifest:
    """Take the copied ledger out of its place, and say what there is."""
    with contextlib.closing(sqlite3.connect(folder / LEDGER_FILE, isolation_level=None)) as copy:
        stored = dict(copy.execute("SELECT name, value FROM installation").fetchall())
        counts = {
            "records": copy.execute("SELECT count(*) FROM record").fetchone()[0],
            "actions": copy.execute("SELECT count(*) FROM action").fetchone()[0],
        }
        copy.execute("INSERT OR REPLACE INTO installation VALUES ('place', ?)", [place.NOWHERE])
    return Manifest(
        format=FORMAT,
        version=version("mostek"),
        epoch=stored["epoch"],
        made=datetime.now(UTC),
        origin=place.named(stored.get("place", "")),
        key=key,
        migrations=tuple(sorted(name.removeprefix("migration ") for name in stored if name.startswith("migration "))),
        counts=counts,
        files={name: _sum(folder / name) for name in names},
    )


def read(file: Path) -> Manifest:
    """What a backup says of itself; raises ``restore.damaged`` for what is none, ``restore.newer`` for a later form."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except OSError as error:
        raise invalid("input.file", "file", path=file, reason=error.strerror or error) from None
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
        raise invalid("restore.damaged", "file", file=file, reason=error) from None
    known = {name for name, _ in migrations()}
    if manifest.format > FORMAT or not known.issuperset(manifest.migrations):
        raise invalid("restore.newer", "file", file=file, version=manifest.version)
    if not {LEDGER_FILE, TRACE_FILE} <= set(manifest.files) <= {LEDGER_FILE, TRACE_FILE, KEY_FILE}:
        raise invalid("restore.damaged", "file", file=file, reason="/".join(manifest.files))
    return manifest


def unpack(file: Path, manifest: Manifest, folder: Path) -> None:
    """Lay the files of a backup out in an empty folder; raises ``restore.damaged`` where one is not as it was."""
    try:
        with zipfile.ZipFile(file) as archive:
            for name, meant in manifest.files.items():
                with archive.open(name) as packed, (folder / name).open("xb") as plain:
                    shutil.copyfileobj(packed, plain)
                (folder / name).chmod(0o600)
                if _sum(folder / name) != meant:
                    raise invalid("restore.damaged", "file", file=file, reason=name)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise invalid("restore.damaged", "file", file=file, reason=error) from None


def lay(built: Path, data: Path, stamp: str) -> tuple[str, ...]:
    """Put the built files in their places, the ledger last; what was there stays beside, named with ``stamp``.

    Returns the names under which it stays. Whatever breaks off in between: a ledger lies there, the old or the new one.
    """
    kept = []
    for name in (KEY_FILE, TRACE_FILE, LEDGER_FILE):
        old, new = data / name, built / name
        durable(new)
        if old.exists() and not (name == KEY_FILE and old.read_bytes() == new.read_bytes()):
            beside = data / f"{name}.{stamp}"
            try:
                os.link(old, beside)
            except OSError:  # a disk that knows no second name of a file
                shutil.copyfile(old, beside)
            kept.append(beside.name)
            for suffix in _BESIDE:  # of a ledger that could not be opened any more; the new one must not meet it
                with contextlib.suppress(FileNotFoundError):
                    (data / f"{name}{suffix}").rename(f"{beside}{suffix}")
        new.replace(old)
    durable(data)
    return tuple(kept)


def closed(ledger: Path) -> bool:
    """Whether nobody has a ledger open; if so, each database is put into one file. What is none counts as closed."""
    for file in (ledger, trace_file(str(ledger))):
        if file.exists():
            try:
                with contextlib.closing(sqlite3.connect(file, timeout=0)) as connection:
                    if connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] != "delete":
                        return False
            except sqlite3.OperationalError:
                return False
            except sqlite3.DatabaseError:
                continue
    return True


def durable(path: Path) -> None:
    """Return once a file, or the names in a folder, would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
