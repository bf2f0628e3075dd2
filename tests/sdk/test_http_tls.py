"""The other side proves who it is, or nothing is sent to it."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mostek.sdk.errors import ConfigurationError, NotReadyError, VendorError
from mostek.sdk.http import Http, HttpPolicy
from tests.sdk.wire import answer, served

NOW = datetime.now(UTC)
LOOPBACK: Sequence[x509.GeneralName] = [x509.IPAddress(ip_address("127.0.0.1"))]
ELSEWHERE: Sequence[x509.GeneralName] = [x509.DNSName("elsewhere.example")]


def certificate(
    folder: Path, names: Sequence[x509.GeneralName] = LOOPBACK, ends: datetime = NOW + timedelta(days=1)
) -> Path:
    """Write a self-signed certificate with its key, as a system on the owner's premises has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Účetnictví v kanceláři")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=2))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{made.serial_number}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def call(url: str, ca_file: Path | None) -> bytes:
    client = Http(HttpPolicy(private=True, ca_file=str(ca_file or "")))
    try:
        return (await client.send("POST", url, b"{}")).body
    finally:
        await client.close()


async def test_a_pinned_certificate_is_trusted(tmp_path: Path) -> None:
    own = certificate(tmp_path)
    async with served(answer(b"{}"), tls=server(own)) as wire:
        assert await call(wire.url, own) == b"{}"


@pytest.mark.parametrize("case", ["unknown", "another", "wrong name", "expired"])
async def test_whoever_cannot_prove_himself_is_sent_nothing(tmp_path: Path, case: str) -> None:
    shown = {
        "wrong name": lambda: certificate(tmp_path, ELSEWHERE),
        "expired": lambda: certificate(tmp_path, ends=NOW - timedelta(days=1)),
    }.get(case, lambda: certificate(tmp_path))()
    pinned = {"unknown": None, "another": certificate(tmp_path)}.get(case, shown)
    async with served(tls=server(shown)) as wire:
        with pytest.raises(NotReadyError) as raised:
            await call(wire.url, pinned)
        refused(raised.value)
    assert wire.requests == []


async def test_a_server_without_encryption_is_sent_nothing() -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as listening:
        with pytest.raises(NotReadyError) as raised:
            await call(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}", None)
    refused(raised.value)


def refused(error: VendorError) -> None:
    assert (error.problem.cause, error.sent) == ("system.certificate", False)
    assert error.problem.details["host"].startswith("127.0.0.1:")


@pytest.mark.parametrize("text", [None, "", "no certificate"])
async def test_a_wrong_certificate_file_is_a_wrong_setting(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "authority.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        await call("https://127.0.0.1:1/", path)
    assert (raised.value.problem.cause, raised.value.problem.field) == ("address.ca_file", "ca_file")
    assert raised.value.problem.details["path"] == str(path)
