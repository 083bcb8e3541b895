"""One permission: who may call whom, on which ports, with which requests and which token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.model.peers import Peer
from generator.model.terms import Origin, Port


@dataclass(frozen=True, slots=True)
class Request:
    """The HTTP requests of a flow; an empty field does not restrict.

    ``claims`` are those of the token that the flow asks for; ``a[b]`` is the claim b within a.
    """

    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    headers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    claims: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """How a gateway sends a flow's requests on: to a port of a Service, over TLS where it has a certificate.

    ``tls`` names the Secret with that certificate, in the namespace of the gateway's pods.
    """

    service: str
    port: int
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """One permission: this client may open connections to these ports of this server.

    ``ports`` None means every port. ``plaintext`` is the reason why this client may come
    without an identity to a server in the mesh. ``token`` names the issuer whose JWT each
    request must carry. ``tolerated`` says how long the client may still come in plaintext
    while the server's namespace moves into the mesh. ``host`` is that of a service outside, on
    both stretches of its way through an egress gateway.
    """

    client: Peer
    server: Peer
    ports: tuple[Port, ...] | None
    origin: Origin
    purpose: str = ""
    request: Request | None = None
    plaintext: str = ""
    token: str = ""
    tolerated: str = ""
    route: GatewayRoute | None = None
    host: str = ""
    request_place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Who issues the tokens that a workload accepts (RFC 7519 issuer, audience, key set), and where they stand.

    Without audiences any will do. ``forward`` hands the token on to the application.
    """

    name: str
    namespace: str
    workload: str
    issuer: str
    audiences: tuple[str, ...]
    origin: Origin
    jwks_uri: str = ""
    jwks: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    forward: bool = False
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)
