"""Certificates of hubs: tablets trust one root of the office's, once, and it can vouch for nothing but hubs.

A browser runs the tablet app's offline parts and its cryptography only over https, so a hub needs a certificate for
addresses that change with every network. The office's root signs an authority for each hub, and the hub signs for its
own addresses without asking anybody. Both are bound by name constraints (RFC 5280, 4.2.1.10) to names under `.local`
and to private addresses: whoever steals a laptop cannot pass for any site of the internet.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from service.auth.keys import PrivateKey, PublicKey, load_key, make_key, write_once

ROOT_KEY, ROOT_CERTIFICATE = "hub-root.pem", "hub-root.crt"
ROOT_LIFE, HUB_LIFE, SERVER_LIFE = timedelta(days=3650), timedelta(days=400), timedelta(days=390)
"""Browsers take no server's certificate that holds for longer than 398 days."""
SLACK = timedelta(days=1)
"""Tablets in the field have clocks that are behind."""
PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
    *("fc00::/7", "fe80::/10", "::1/128"),
)
_NETWORKS = tuple(ipaddress.ip_network(each) for each in PRIVATE)


@dataclass(frozen=True)
class Authority:
    """What signs certificates, and the chain (itself first) that vouches for it."""

    key: PrivateKey
    chain: Sequence[x509.Certificate]


def office_root(secrets: Path, now: datetime) -> Authority:
    """The office's root for hubs, made the first time it is asked for."""
    make_key(secrets / ROOT_KEY)
    key = load_key(secrets / ROOT_KEY)
    if not (secrets / ROOT_CERTIFICATE).exists():
        name = _name("Rounds hubs")
        made = _builder(name, name, key.public_key(), now, ROOT_LIFE)
        signed = _as_authority(made, ["local"], path_length=1).sign(key, hashes.SHA256())
        write_once(secrets / ROOT_CERTIFICATE, _pem(signed))
    return Authority(key, x509.load_pem_x509_certificates((secrets / ROOT_CERTIFICATE).read_bytes()))


def certify_hub(root: Authority, public: PublicKey, host: str, now: datetime) -> str:
    """The chain (PEM, the hub's own authority first) by which a hub signs for its host and its private addresses."""
    made = _builder(_name(f"{host} authority"), root.chain[0].subject, public, now, HUB_LIFE)
    signed = _as_authority(made, [host], path_length=0).sign(root.key, hashes.SHA256())
    return b"".join(map(_pem, (signed, *root.chain))).decode()


def read_authority(key: PrivateKey, chain: str) -> Authority:
    """A hub's own authority. Raises `ValueError` for a chain that is none."""
    return Authority(key, x509.load_pem_x509_certificates(chain.encode()))


def server_certificate(authority: Authority, host: str, addresses: Iterable[str], now: datetime) -> tuple[bytes, bytes]:
    """A key and a chain (both PEM) for a server at these addresses; those that are not private are left out."""
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(SERVER_LIFE, authority.chain[0].not_valid_after_utc - now)
    made = _builder(_name(host), authority.chain[0].subject, key.public_key(), now, end)
    known = [x509.DNSName(host), *(x509.IPAddress(each) for each in _private(addresses))]
    made = made.add_extension(x509.SubjectAlternativeName(known), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    signed = made.sign(authority.key, hashes.SHA256())
    return _key_pem(key), b"".join(map(_pem, (signed, *authority.chain)))


def covered(chain: bytes) -> frozenset[str]:
    """The addresses that a server's certificate names."""
    names = x509.load_pem_x509_certificates(chain)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return frozenset(map(str, names.value.get_values_for_type(x509.IPAddress)))


def private_addresses(addresses: Iterable[str]) -> frozenset[str]:
    """Those that a hub's certificate may name."""
    return frozenset(map(str, _private(addresses)))


def is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a hub's certificate may name this address."""
    return any(address in network for network in _NETWORKS)


def _private(addresses: Iterable[str]) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = sorted({ipaddress.ip_address(each) for each in addresses}, key=str)
    return [each for each in found if is_private(each)]


def _as_authority(made: x509.CertificateBuilder, hosts: Sequence[str], *, path_length: int) -> x509.CertificateBuilder:
    allowed = [*map(x509.DNSName, hosts), *map(x509.IPAddress, _NETWORKS)]
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    made = made.add_extension(x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None), critical=True)
    return made.add_extension(_usage(), critical=True)


def _usage() -> x509.KeyUsage:
    """Signing certificates, nothing else."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: PublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - SLACK).not_valid_after(now + life)
    return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
