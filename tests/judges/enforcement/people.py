"""Who knocks: certificates of a mesh that lives for one run, and tokens of issuers that do."""

from __future__ import annotations

import base64
import datetime
import json
import ssl
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
HTTP_PROTOCOLS, TCP_PROTOCOLS = ("istio-http/1.1", "istio", "http/1.1"), ("istio-peer-exchange", "istio")
"""What a sidecar offers to another one (ALPN), for HTTP and for anything else."""


class Authority:
    """A certificate authority, and who holds a certificate of it. Files go to *folder*."""

    def __init__(self, folder: Path) -> None:
        """Make the authority."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "a mesh for one run")])
        self.root = folder / "root.pem"
        own = self._builder(self._key.public_key(), self._name).add_extension(
            x509.BasicConstraints(True, None), critical=True
        )
        self.root.write_bytes(self._signed(own))
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}
        self._one_at_a_time = threading.Lock()

    def _builder(self, key: ec.EllipticCurvePublicKey, subject: x509.Name) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def certificate(self, identity: str) -> Path:
        """Return a file with key and certificate of *identity*, a SPIFFE ID."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)])
        builder = self._builder(key.public_key(), x509.Name([])).add_extension(names, critical=True)
        plain = serialization.NoEncryption()
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        file = self._folder / f"{len(list(self._folder.iterdir()))}.pem"
        file.write_bytes(text + self._signed(builder))
        return file

    def context(self, identity: str, *, is_http: bool) -> ssl.SSLContext:
        """Return how *identity* connects, as its sidecar would."""
        with self._one_at_a_time:
            if (identity, is_http) not in self._contexts:
                context = ssl.create_default_context(cafile=str(self.root))
                context.check_hostname = False  # servers are known by SPIFFE IDs; who they are is not the question
                context.load_cert_chain(self.certificate(identity))
                context.set_alpn_protocols(HTTP_PROTOCOLS if is_http else TCP_PROTOCOLS)
                self._contexts[identity, is_http] = context
            return self._contexts[identity, is_http]


class Issuer:
    """Signs tokens, with one key for every issuer's name."""

    def __init__(self) -> None:
        """Make the key."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def keys(self) -> str:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "judge", "alg": "RS256", "use": "sig"}
        return json.dumps({"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]})

    def token(self, claims: Mapping[str, object]) -> str:
        """Return *claims* as a signed token (RFC 7519)."""
        header = {"alg": "RS256", "kid": "judge", "typ": "JWT"}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_base64(signature)}"


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8))
