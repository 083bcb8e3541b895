"""The intent document of one profile, read into what it declares."""

from __future__ import annotations

from generator.core.places import Document, Json, Place, Route
from generator.intent.declarations import (
    Declaration,
    Declarations,
    FlowDeclaration,
    PlaintextClient,
    PortException,
    Rollout,
)
from generator.intent.traffic import read_traffic
from generator.intent.written import read_peer, read_port
from generator.model.externals import ExternalService, ExternalTls
from generator.model.flows import GatewayRoute, Request, TokenIssuer
from generator.model.intent import Acceptance, GatewayLockdown, MeshWide
from generator.model.terms import Mtls, Origin


def read_declarations(document: Document, origin: Origin) -> Declarations:
    """Read a schema-checked intent *document* of the profile *origin*."""
    return _Reader(document, origin).read()


class _Reader:
    def __init__(self, document: Document, origin: Origin) -> None:
        self._document = document
        self._data: dict[str, Json] = document.data or {}
        self._profile = origin

    def read(self) -> Declarations:
        return Declarations(
            origin=self._profile,
            namespaces=tuple(self._declaration("namespaces", index, item) for index, item in self._each("namespaces")),
            workloads=tuple(self._declaration("workloads", index, item) for index, item in self._each("workloads")),
            flows=tuple(self._flow(index, item) for index, item in self._each("flows")),
            tokens=tuple(self._token(index, item) for index, item in self._each("tokens")),
            externals=tuple(self._external(index, item) for index, item in self._each("externals")),
            gateways=tuple(
                GatewayLockdown(
                    item["name"],
                    self._origin("gateways", index, "name"),
                    tuple(item.get("from", ())),
                    item.get("requests") == "routed",
                )
                for index, item in self._each("gateways")
            ),
            traffic=read_traffic(self._data, self._origin),
            mesh_wide=self._mesh_wide(),
            acceptances=tuple(
                Acceptance(
                    item["caveat"],
                    item["reason"],
                    self._profile.profile,
                    self._placed(("accept", index, "caveat")),
                )
                for index, item in self._each("accept")
            ),
            use=tuple((item, self._placed(("use", index))) for index, item in self._each("use")),
            rollout=self._rollout(),
        )

    def _each(self, key: str) -> list[tuple[int, Json]]:
        return list(enumerate(self._data.get(key) or []))

    def _origin(self, *route: str | int) -> Origin:
        return Origin(self._profile.profile, self._profile.profile_type, self._placed(route))

    def _placed(self, route: Route) -> Place:
        """Return the nearest written place: the value's own, its parents', or the profile itself."""
        for length in range(len(route), 0, -1):
            if route[:length] in self._document.values:
                return self._document.values[route[:length]]
        return self._profile.place

    def _declaration(self, section: str, index: int, item: Json) -> Declaration:
        home = "/".join(item[name] for name in ("cluster", "namespace") if name in item)
        key = (home, item["name"]) if section == "workloads" else (item["name"], "")
        places = {name: self._placed((section, index, name)) for name in item}
        for number, cluster in enumerate(item.get("clusters", ())):
            places[f"clusters/{cluster}"] = self._placed((section, index, "clusters", number))
        return Declaration(key, item, places, self._origin(section, index, "name"))

    def _flow(self, index: int, item: Json) -> FlowDeclaration:
        here = ("flows", index)
        restrictions = [name for name in ("methods", "paths", "hosts", "headers", "claims") if name in item]
        request = Request(
            tuple(sorted(item.get("methods", ()))),
            tuple(sorted(item.get("paths", ()))),
            tuple(sorted(item.get("hosts", ()))),
            *(
                tuple(sorted((name, tuple(sorted(values))) for name, values in item.get(what, {}).items()))
                for what in ("headers", "claims")
            ),
        )
        ports = item.get("ports")
        client_place = self._peer_place((*here, "from"), item["from"])
        server_place = self._peer_place((*here, "to"), item["to"])
        written = server_place if client_place == self._profile.place else client_place
        return FlowDeclaration(
            client=read_peer(item["from"], (*here, "from"), self._placed),
            server=read_peer(item["to"], (*here, "to"), self._placed),
            ports=None if ports in (None, "all") else tuple(read_port(port) for port in ports),
            ports_given=ports is not None,
            origin=Origin(self._profile.profile, self._profile.profile_type, written),
            client_place=client_place,
            server_place=server_place,
            ports_place=self._placed((*here, "ports", 0)),
            purpose=item.get("purpose", ""),
            request=request if restrictions else None,
            request_place=self._placed((*here, restrictions[0])) if restrictions else written,
            plaintext=item.get("plaintext", ""),
            token=item.get("token", ""),
            route=_route(item),
        )

    def _peer_place(self, route: Route, peer: Json) -> Place:
        return self._placed((*route, "workload" if "workload" in peer else next(iter(peer))))

    def _token(self, index: int, item: Json) -> TokenIssuer:
        return TokenIssuer(
            name=item["name"],
            namespace=item["namespace"],
            workload=item["workload"],
            issuer=item["issuer"],
            audiences=tuple(item.get("audiences", ())),
            origin=self._origin("tokens", index, "issuer"),
            jwks_uri=item.get("jwksUri", ""),
            jwks=item.get("jwks", ""),
            headers=tuple((header["name"], header.get("prefix", "")) for header in item.get("headers", [])),
            cookies=tuple(item.get("cookies", ())),
            params=tuple(item.get("params", ())),
            forward=item.get("forward", False),
            places={
                name: self._placed(("tokens", index, name)) for name in ("jwks", "cookies", "params") if name in item
            },
        )

    def _external(self, index: int, item: Json) -> ExternalService:
        return ExternalService(
            name=item["name"],
            namespace=item["namespace"],
            host=item.get("host", ""),
            port=item["port"],
            protocol=item["protocol"],
            tls=ExternalTls(item["tls"]),
            origin=self._origin("externals", index, "host" if "host" in item else "name"),
            addresses=tuple(item.get("addresses", ())),
            local_port=item.get("localPort", 80),
            certificates=item.get("certificates", {}),
            clients=tuple(sorted(item.get("clients", ()))),
            through=item.get("through", ""),
            through_place=self._placed(("externals", index, "through")) if "through" in item else None,
            client_places={
                name: self._placed(("externals", index, "clients", number))
                for number, name in enumerate(item.get("clients", ()))
            },
        )

    def _mesh_wide(self) -> MeshWide | None:
        item = self._data.get("meshWide")
        if item is None:
            return None
        return MeshWide(
            origin=self._origin("meshWide"),
            mtls=Mtls(item.get("mtls", Mtls.STRICT)),
            deny_by_default=item.get("denyByDefault", False),
            gateways=tuple(item.get("gateways", ())),
            access_logs=item.get("accessLogs", True),
            gateway_places=tuple(
                self._placed(("meshWide", "gateways", index)) for index in range(len(item.get("gateways", ())))
            ),
        )

    def _rollout(self) -> Rollout | None:
        item = self._data.get("rollout")
        if item is None:
            return None
        return Rollout(
            place=self._placed(("rollout", "mesh")),
            mesh=item["mesh"],
            mtls=item["mtls"],
            authorization=item["authorization"],
            create=item.get("create", False),
            waypoint=item.get("waypoint"),
            exceptions=tuple(
                PortException(
                    entry["workload"],
                    entry["port"],
                    entry["reason"],
                    self._placed(("rollout", "plaintext", index, "workload")),
                )
                for index, entry in enumerate(item.get("plaintext", []))
            ),
            plaintext_clients=tuple(
                PlaintextClient(
                    (entry["namespace"], entry["workload"]),
                    entry.get("until", ""),
                    self._placed(("rollout", "plaintextClients", index, "workload")),
                )
                for index, entry in enumerate(item.get("plaintextClients", []))
            ),
        )


def _route(flow: Json) -> GatewayRoute | None:
    """Return how the gateway of *flow* sends its requests on; a Service is named as its workload by default."""
    said = flow.get("route")
    return (
        GatewayRoute(said.get("service", flow["to"].get("workload", "")), said["port"], said.get("tls", ""))
        if said
        else None
    )
