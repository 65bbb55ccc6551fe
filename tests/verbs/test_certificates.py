"""The office's own authority: what it makes is trusted where it should be, kept, renewed, and limited to local names."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gridsvc import certificates, lan
from gridsvc.certificates import Served
from gridsvc.errors import Refused
from gridsvc.i18n import LOCALES, error_text

NOW = datetime.now(UTC)  # the handshakes below look at the machine's clock
# the curves' names (RFC 5480, GB/T 33560) are of one length: what is made of the one can be written as of the other
P256, SM2 = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a811ccf5501822d")
NAMES = ("127.0.0.1", "192.168.7.20", "office.local", "localhost")


@contextmanager
def answering(cert: Path, key: Path) -> Iterator[int]:
    """The port of a server that shakes hands with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)

        def answer() -> None:
            try:
                arrived, _ = listening.accept()
                with context.wrap_socket(arrived, server_side=True) as shaken:
                    shaken.recv(1)
            except OSError:
                pass  # the other side did not trust it

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(70)


def shake(served: Served, host: str) -> dict[str, object]:
    """What a client that trusts the authority, and nobody else, reads of the certificate."""
    assert served.authority is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=served.authority)
    with (
        answering(served.cert, served.key) as port,
        socket.create_connection(("127.0.0.1", port), 60) as raw,
        context.wrap_socket(raw, server_hostname=host) as shaken,
    ):
        return dict(shaken.getpeercert() or {})


def test_who_trusts_the_authority_trusts_the_server(tmp_path: Path) -> None:
    served = certificates.ensure(tmp_path / "tls", NAMES, NOW)
    for name in NAMES:
        assert shake(served, name)["subjectAltName"]
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        shake(served, "192.168.7.21")
    other = certificates.ensure(tmp_path / "other", NAMES, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(Served(served.cert, served.key, other.authority, served.ends_at, NAMES), "127.0.0.1")


def test_keys_are_their_owner_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    certificates.ensure(folder, NAMES, NOW)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.name: one.stat().st_mode & 0o777 for one in folder.glob("*.key")} == {
        "authority.key": 0o600,
        "server.key": 0o600,
    }
    # one that others could read is not used again
    (folder / "server.key").chmod(0o640)
    before = (folder / "server.key").read_bytes()
    assert certificates.ensure(folder, NAMES, NOW).new
    assert (folder / "server.key").read_bytes() != before
    assert (folder / "server.key").stat().st_mode & 0o777 == 0o600


def test_it_is_kept_and_renewed_before_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    first = certificates.ensure(folder, NAMES, NOW)
    assert (first.new, first.new_authority) == (True, True)
    assert first.ends_at - NOW < timedelta(days=397)
    cert = x509.load_pem_x509_certificate(first.cert.read_bytes())
    assert cert.not_valid_after_utc - cert.not_valid_before_utc <= timedelta(days=397)
    again = certificates.ensure(folder, NAMES[:2], NOW + timedelta(days=100))  # fewer names are no reason
    assert (again.new, again.new_authority, again.authority) == (False, False, first.authority)
    late = NOW + certificates.LASTS - certificates.BEGINS_BEFORE - certificates.RENEWED_BEFORE
    renewed = certificates.ensure(folder, NAMES, late)
    assert (renewed.new, renewed.new_authority, renewed.authority) == (True, False, first.authority)
    assert renewed.ends_at > first.ends_at
    moved = certificates.ensure(folder, (*NAMES, "10.1.2.3"), late)  # the machine has another address now
    assert (moved.new, moved.authority) == (True, first.authority)
    # the authority itself ends once, before anything it signed would
    over = certificates.ensure(folder, NAMES, NOW + certificates.AUTHORITY_LASTS - certificates.LASTS)
    assert (over.new, over.new_authority) == (True, True)
    assert over.authority != first.authority


@pytest.mark.parametrize("name", ["authority.key", "authority.crt", "server.key", "server.crt"])
@pytest.mark.parametrize("content", [b"", b"half a file", None])
def test_what_is_broken_is_made_anew(tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = tmp_path / "tls"
    certificates.ensure(folder, NAMES, NOW)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    made = certificates.ensure(folder, NAMES, NOW)
    assert (made.new, made.new_authority) == (True, name.startswith("authority"))
    assert shake(made, "127.0.0.1")


@pytest.mark.parametrize("name", ["8.8.8.8", "example.org", "mylocal", "2001:db8::1", "localhost.example.org"])
def test_it_speaks_for_nobody_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused) as refused:
        certificates.ensure(tmp_path / "tls", [name], NOW)
    assert refused.value.code == "lan_not_local"
    assert not (tmp_path / "tls").exists()


@pytest.mark.parametrize("name", ["8.8.8.8", "example.org"])
def test_nobody_else_even_with_the_authority_s_key(tmp_path: Path, name: str) -> None:
    """Whoever steals the key is held by what phones have agreed to."""
    served = certificates.ensure(tmp_path / "tls", NAMES, NOW)
    assert served.authority is not None
    by = load_pem_private_key((tmp_path / "tls" / "authority.key").read_bytes(), None)
    assert isinstance(by, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    general: x509.GeneralName = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.load_der_x509_certificate(served.authority).subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([general]), critical=True)
        .sign(by, hashes.SHA256())
    )
    certificates._write(tmp_path / "forged.crt", forged.public_bytes(Encoding.PEM))
    certificates._write(tmp_path / "forged.key", certificates._pem(key))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake(Served(tmp_path / "forged.crt", tmp_path / "forged.key", served.authority, NOW, (name,)), name)


def test_what_the_office_brought_is_read(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path / "tls", NAMES, NOW)
    own = certificates.brought(made.cert, made.key, NOW)
    assert (own.authority, own.fingerprint, own.ends_at) == (None, None, made.ends_at)
    assert set(own.names) == set(NAMES)
    (tmp_path / "x").write_text("nothing")
    for wrong in ("x", "absent"):
        with pytest.raises(Refused) as refused:
            certificates.brought(tmp_path / wrong, made.key, NOW)
        assert refused.value.code == "lan_cert_unreadable"
        with pytest.raises(Refused) as refused:
            certificates.brought(made.cert, tmp_path / wrong, NOW)
        assert refused.value.code == "lan_key_unreadable"
    locked = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    (tmp_path / "locked").write_bytes(locked)
    with pytest.raises(Refused) as refused:
        certificates.brought(made.cert, tmp_path / "locked", NOW)
    assert refused.value.code == "lan_key_unreadable"


def test_what_the_office_brought_may_be_of_an_algorithm_that_nobody_here_knows(tmp_path: Path) -> None:
    """SM2, which offices of the state have; it is neither unreadable nor locked."""
    made = certificates.ensure(tmp_path / "tls", NAMES, NOW)
    cert, key = tmp_path / "sm2.crt", tmp_path / "sm2.key"
    for file, other in ((made.cert, cert), (made.key, key)):
        kind, body = re.findall(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END", file.read_text(), re.DOTALL)[0]
        der = base64.b64decode(body)
        assert P256 in der
        written = base64.encodebytes(der.replace(P256, SM2)).decode()
        other.write_text(f"-----BEGIN {kind}-----\n{written}-----END {kind}-----\n")
    for files, named in (((cert, made.key), cert), ((cert, key), cert), ((made.cert, key), key)):
        with pytest.raises(Refused) as refused:
            certificates.brought(*files, NOW)
        assert (refused.value.code, refused.value.facts) == ("lan_algorithm", {"file": str(named)})
    assert all("SM2" in error_text("lan_algorithm", lang, file="x") for lang in LOCALES)


def test_what_the_office_brought_fits_and_holds(tmp_path: Path) -> None:
    """Else it would serve, and every phone would be turned away by a warning."""
    made, other = (certificates.ensure(tmp_path / name, NAMES, NOW) for name in ("tls", "other"))
    with pytest.raises(Refused) as refused:
        certificates.brought(made.cert, other.key, NOW)
    assert (refused.value.code, refused.value.facts["key"]) == ("lan_key_unfit", str(other.key))
    for at in (made.ends_at + timedelta(seconds=1), NOW - timedelta(days=2)):
        with pytest.raises(Refused) as refused:
            certificates.brought(made.cert, made.key, at)
        assert refused.value.code == "lan_cert_outdated"
        assert refused.value.facts["ends_at"] == f"{made.ends_at:%Y-%m-%d %H:%M}"
    for lang in LOCALES:
        assert str(made.cert) in error_text(refused.value.code, lang, **refused.value.facts)


def test_addresses(tmp_path: Path) -> None:
    """Https for whoever asked by one of the names, plain http for a phone that cannot trust yet."""
    served = certificates.ensure(tmp_path / "tls", NAMES, NOW)
    here = lan.Lan(("192.168.7.20", "office.local"), 8000, 8080, served)
    assert here.address("/field") == "https://192.168.7.20:8000/field"
    assert here.address("/", "office.local") == "https://office.local:8000/"
    assert here.address("/", "evil.example") == "https://192.168.7.20:8000/"
    assert here.trust_address == "http://192.168.7.20:8080/trust"
    own = lan.Lan(("grid.example.org",), 443, 8080, certificates.brought(served.cert, served.key, NOW))
    assert own.trust_address == "https://grid.example.org/field"
    for one in lan.addresses():
        assert certificates.is_local(one)
        assert not ip_address(one).is_loopback
