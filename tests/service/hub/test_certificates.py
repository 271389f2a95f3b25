"""Certificates of hubs, tried with OpenSSL: trusted for the hub's own addresses, and worth nothing anywhere else."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.hub.certificates import (
    Authority,
    certify_hub,
    covered,
    office_root,
    read_authority,
    server_certificate,
)

NOW = dt.datetime.now(dt.UTC)
HOST = "rounds-north-1.local"


@pytest.fixture
def root(tmp_path: Path) -> Authority:
    (tmp_path / "secrets").mkdir(mode=0o700)
    return office_root(tmp_path / "secrets", NOW)


@pytest.fixture
def hub(root: Authority) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return read_authority(key, certify_hub(root, key.public_key(), HOST, NOW))


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def handshake(tmp_path: Path, root: Authority, key: bytes, chain: bytes, name: str) -> None:
    """One TLS handshake with `name`, by a client that trusts the root alone. Raises `ssl.SSLError`."""
    (tmp_path / "server.pem").write_bytes(key + chain)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "server.pem")
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            serving.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.create_default_context(cadata=pem(root.chain[-1]))
    try:
        client.wrap_socket(here, server_hostname=name).close()
    finally:
        here.close()
        thread.join(10)


@pytest.mark.parametrize("name", [HOST, "192.168.43.1", "10.0.0.7", "127.0.0.1"])
def test_a_tablet_that_trusts_the_root_trusts_the_hub_at_its_own_addresses(
    tmp_path: Path, root: Authority, hub: Authority, name: str
) -> None:
    key, chain = server_certificate(hub, HOST, ["192.168.43.1", "10.0.0.7", "127.0.0.1"], NOW)
    handshake(tmp_path, root, key, chain, name)


def test_an_address_that_is_not_private_is_left_out(hub: Authority) -> None:
    _, chain = server_certificate(hub, HOST, ["192.168.43.1", "93.184.216.34"], NOW)
    assert covered(chain) == {"192.168.43.1"}


@pytest.mark.parametrize("name", ["bank.example", "rounds-south.local", "93.184.216.34"])
def test_whoever_steals_a_hubs_authority_cannot_pass_for_anybody_else(
    tmp_path: Path, root: Authority, hub: Authority, name: str
) -> None:
    is_address = name[0].isdigit()
    other = x509.IPAddress(ipaddress.ip_address(name)) if is_address else x509.DNSName(name)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(hub.chain[0].subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .sign(hub.key, hashes.SHA256())
    )
    chain = "".join(map(pem, (forged, *hub.chain))).encode()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, form, serialization.NoEncryption())
    with pytest.raises(ssl.SSLCertVerificationError, match=r"permitted subtree"):
        handshake(tmp_path, root, secret, chain, name)


def test_a_hub_cannot_make_another_authority(tmp_path: Path, root: Authority, hub: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    below = read_authority(key, certify_hub(hub, key.public_key(), f"sub.{HOST}", NOW))
    server_key, chain = server_certificate(below, f"sub.{HOST}", [], NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="path length"):
        handshake(tmp_path, root, server_key, chain, f"sub.{HOST}")


def test_the_root_is_made_once(tmp_path: Path, root: Authority) -> None:
    again = office_root(tmp_path / "secrets", NOW)
    assert again.chain == root.chain
    assert (tmp_path / "secrets/hub-root.pem").stat().st_mode & 0o077 == 0


def test_no_servers_certificate_holds_longer_than_browsers_take(hub: Authority) -> None:
    _, chain = server_certificate(hub, HOST, [], NOW)
    leaf = x509.load_pem_x509_certificates(chain)[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= dt.timedelta(days=398)
