"""An authority of the office's own and the server's certificate for its network, made, kept and renewed in a folder.

The authority can speak for addresses of private networks and for local names alone (name constraints), so a phone that
trusts it trusts it for nothing on the internet, whoever should get hold of its key.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gridsvc.errors import Refused

AUTHORITY_LASTS = timedelta(days=3650)
LASTS = timedelta(days=200)  # Safari takes none that lasts more than 397 days
RENEWED_BEFORE = timedelta(days=40)  # its end
BEGINS_BEFORE = timedelta(days=1)  # a phone's clock may be behind
# What the authority may speak for: RFC 1918, 6598, 3927, 4193, 4291, 8375, 6762; .lan is what many routers give.
NETWORKS = tuple(
    ip_network(one)
    for one in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
)
DOMAINS = ("localhost", "local", "lan", "home.arpa", "internal")


@dataclass(frozen=True)
class Served:
    """Files that the server shows; `authority` (DER) is None where the office brought its own certificate."""

    cert: Path
    key: Path
    authority: bytes | None
    ends_at: datetime
    names: tuple[str, ...]
    new: bool = False
    new_authority: bool = False

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the authority's certificate, as phones show it: 32 pairs with colons between."""
        if self.authority is None:
            return None
        return x509.load_der_x509_certificate(self.authority).fingerprint(hashes.SHA256()).hex(":").upper()


def is_local(name: str) -> bool:
    """Whether the authority may speak for an address or name.

    >>> is_local("192.168.1.20"), is_local("office.local"), is_local("8.8.8.8"), is_local("example.org")
    (True, True, False, False)
    """
    try:
        address = ip_address(name)
    except ValueError:
        return any(name == one or name.endswith(f".{one}") for one in DOMAINS)
    return any(address in network for network in NETWORKS)


def ensure(folder: Path, names: Sequence[str], now: datetime) -> Served:
    """The certificate for these addresses and names, from the folder where it is good still; else made anew there.

    Raises:
        Refused: `lan_not_local`: a name is none that the authority may speak for.
    """
    for name in names:
        if not is_local(name):
            raise Refused("lan_not_local", name=name)
    with _alone(folder):
        held = _authority(folder, now)
        new_authority = held is None
        key, authority = held or _new_authority(folder, now)
        der = authority.public_bytes(Encoding.DER)
        kept = _kept(folder, authority, names, now)
        new = kept is None
        if kept is None:
            kept = _new(folder, key, authority, names, now)
    files = (folder / "server.crt", folder / "server.key")
    return Served(*files, der, kept.not_valid_after_utc, tuple(names), new, new_authority)


def brought(cert: Path, key: Path, now: datetime) -> Served:
    """What the office brought itself: the first certificate of the file, and what it speaks for.

    Raises:
        Refused: `lan_cert_unreadable`, `lan_key_unreadable`, `lan_key_unfit` (it is another certificate's),
            `lan_cert_outdated` (it holds no more, or not yet), `lan_algorithm` (SM2, say).
    """
    try:
        found = x509.load_pem_x509_certificates(cert.read_bytes())[0]
        names, told = _names(found), found.public_key()
    except UnsupportedAlgorithm as error:
        raise Refused("lan_algorithm", file=str(cert)) from error
    except (OSError, ValueError, IndexError) as error:
        raise Refused("lan_cert_unreadable", file=str(cert)) from error
    try:
        held = load_pem_private_key(key.read_bytes(), None).public_key()
    except UnsupportedAlgorithm as error:
        raise Refused("lan_algorithm", file=str(key)) from error
    except (OSError, ValueError, TypeError) as error:
        raise Refused("lan_key_unreadable", file=str(key)) from error
    if _public(held) != _public(told):
        raise Refused("lan_key_unfit", cert=str(cert), key=str(key))
    begins_at, ends_at = found.not_valid_before_utc, found.not_valid_after_utc
    if not begins_at <= now <= ends_at:
        facts = {"begins_at": f"{begins_at:%Y-%m-%d %H:%M}", "ends_at": f"{ends_at:%Y-%m-%d %H:%M}"}
        raise Refused("lan_cert_outdated", file=str(cert), **facts)
    return Served(cert, key, None, ends_at, names)


# ---- the authority ---------------------------------------------------------------------------------------------------


def _authority(folder: Path, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
    """The one in the folder, where key and certificate belong together and it lasts longer than what it would sign."""
    key, cert = _key(folder / "authority.key"), _cert(folder / "authority.crt")
    if key is None or cert is None or _public(cert.public_key()) != _public(key.public_key()):
        return None
    return (key, cert) if cert.not_valid_before_utc <= now <= cert.not_valid_after_utc - LASTS else None


def _new_authority(folder: Path, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    # its own name each time: phones keep several apart by it
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "gridsvc"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"gridsvc {now:%Y-%m-%d} {secrets.token_hex(3)}"),
        ]
    )
    permitted = [*(x509.IPAddress(one) for one in NETWORKS), *(x509.DNSName(one) for one in DOMAINS)]
    public = key.public_key()
    cert = (
        _begun(name, name, public, now, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(folder / "authority.key", _pem(key))
    _write(folder / "authority.crt", cert.public_bytes(Encoding.PEM))
    return key, cert


# ---- the server's certificate ----------------------------------------------------------------------------------------


def _kept(folder: Path, authority: x509.Certificate, names: Sequence[str], now: datetime) -> x509.Certificate | None:
    """The one in the folder, where it is the authority's, fits its key, covers the names and lasts a while."""
    key, cert = _key(folder / "server.key"), _cert(folder / "server.crt")
    if key is None or cert is None or _public(cert.public_key()) != _public(key.public_key()):
        return None
    try:
        cert.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return None
    fits = set(names) <= set(_names(cert))
    lasts = cert.not_valid_before_utc <= now < cert.not_valid_after_utc - RENEWED_BEFORE
    return cert if fits and lasts else None


def _new(
    folder: Path, by: ec.EllipticCurvePrivateKey, authority: x509.Certificate, names: Sequence[str], now: datetime
) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    cert = (
        _begun(subject, authority.subject, public, now, LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .sign(by, hashes.SHA256())
    )
    _write(folder / "server.key", _pem(key))
    _write(folder / "server.crt", cert.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM))
    return cert


# ---- pieces ----------------------------------------------------------------------------------------------------------


def _begun(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    begins = (now - BEGINS_BEFORE).replace(microsecond=0)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(begins + lasts)


def _usage(*deeds: str) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{one: one in deeds for one in every})


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(cert: x509.Certificate) -> tuple[str, ...]:
    """The addresses and names that a certificate speaks for; ValueError where it says none."""
    try:
        found = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise ValueError("no names") from error
    addresses: list[IPv4Address | IPv6Address] = [
        one for one in found.get_values_for_type(x509.IPAddress) if isinstance(one, IPv4Address | IPv6Address)
    ]
    return (*found.get_values_for_type(x509.DNSName), *(str(one) for one in addresses))


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    """The key of a file, None where there is none that can be read; one that others may read is not used again."""
    try:
        if path.stat().st_mode & 0o077:
            return None
        found = load_pem_private_key(path.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if isinstance(found, ec.EllipticCurvePrivateKey) else None


def _cert(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and never readable by others, not for a moment."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A block that no other process of this machine is in with the same folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
