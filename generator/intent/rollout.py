"""A migration phase laid over the intent of the profiles that are being moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Json, Place
from generator.intent.declarations import (
    Declaration,
    Declarations,
    FlowDeclaration,
    PlaintextClient,
    PortException,
    Rollout,
)
from generator.model.peers import WorkloadPeer
from generator.model.terms import Authorization, Mesh, Mtls, Port
from generator.model.workloads import WorkloadKey


def apply_rollout(parts: Sequence[Declarations], rollout: Rollout) -> tuple[list[Declarations], list[Finding]]:
    """Return *parts* as they are in this phase of their move into the mesh.

    The flows stay what they are; the namespaces change mode. Before the mesh (phase 1)
    nothing can read requests or tokens, so flows are held at layer 3/4 alone.

    Findings: MG020 and MG024 (the phase names what the profiles do not have), MG025 (it
    names something twice), MG027 (a caller without an identity, and the phase wants one),
    MG028 (an exception that serves nobody).
    """
    phase = _Phase(parts, rollout)
    moved = [phase.moved(part) for part in parts]
    if any(one.is_absence for one in phase.findings):
        return moved, phase.findings  # an exception may be for a caller whose name is misspelt
    return moved, phase.findings + list(phase.unused_exceptions())


@dataclass(slots=True)
class _Phase:
    """What one migration says, and what it was found to say of the profiles that it moves."""

    parts: Sequence[Declarations]
    rollout: Rollout
    findings: list[Finding] = field(default_factory=list)
    clients: dict[WorkloadKey, PlaintextClient] = field(default_factory=dict)
    exceptions: dict[tuple[str, int], PortException] = field(default_factory=dict)
    own: dict[WorkloadKey, Declaration] = field(default_factory=dict)
    outside: set[WorkloadKey] = field(default_factory=set)
    used: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        declared = [item for part in self.parts for item in part.workloads]
        self.own = {item.key: item for item in declared if item.fields.get("rendered", True)}
        for client in self.rollout.plaintext_clients:
            self._check_client(client)
            self._check_twice(client.key in self.clients, "/".join(client.key), client.place)
            self.clients[client.key] = client
        for exception in self.rollout.exceptions:
            key = (exception.workload, exception.port)
            self._check_twice(key in self.exceptions, f"{exception.workload}:{exception.port}", exception.place)
            if self._is_known(exception):
                self.exceptions[key] = exception
        self.outside = set(self.clients) | {item.key for item in declared if item.fields.get("mesh") == Mesh.NONE}

    @property
    def _is_in_mesh(self) -> bool:
        return self.rollout.mesh != Mesh.NONE

    @property
    def _is_enforced(self) -> bool:
        return self.rollout.authorization == Authorization.ENFORCED

    def _check_twice(self, is_known: bool, what: str, place: Place) -> None:
        if is_known:
            self.findings.append(Finding("MG025", f"{what} is listed twice", place, "keep one of them"))

    def _check_client(self, client: PlaintextClient) -> None:
        callers = {
            f"{flow.client.namespace}/{flow.client.workload}"
            for part in self.parts
            for flow in part.flows
            if isinstance(flow.client, WorkloadPeer)
        }
        if "/".join(client.key) not in callers:
            message = f"no flow of the moved profiles has the client {'/'.join(client.key)}"
            fix = suggestion("/".join(client.key), callers, "declare it there under peers and flows")
            self.findings.append(Finding("MG020", message, client.place, fix, is_absence=True))

    def _is_known(self, exception: PortException) -> bool:
        named = [item for key, item in self.own.items() if key[1] == exception.workload]
        ports = {port["number"] for item in named for port in item.fields.get("ports", [])}
        if not named:
            message = f"the moved profiles have no workload {exception.workload!r}"
            fix = suggestion(exception.workload, {name for _, name in self.own})
            self.findings.append(Finding("MG020", message, exception.place, fix, is_absence=True))
        elif exception.port not in ports:
            message = f"the workload {exception.workload!r} has no port {exception.port}"
            fix = f"its ports: {', '.join(str(number) for number in sorted(ports)) or 'none'}"
            self.findings.append(Finding("MG024", message, exception.place, fix, is_absence=True))
        return bool(named) and exception.port in ports

    def unused_exceptions(self) -> Iterator[Finding]:
        """Yield a finding for each exception that no caller needs."""
        for (workload, port), exception in self.exceptions.items():
            if (workload, port) not in self.used:
                message = f"no caller without a sidecar uses {workload}:{port}, so the exception serves nobody"
                fix = "remove it, or name the caller under plaintextClients"
                yield Finding("MG028", message, exception.place, fix, is_absence=True)

    def moved(self, part: Declarations) -> Declarations:
        """Return *part* in this phase."""
        tokens = tuple(
            token
            for token in part.tokens
            if self._reads_requests((token.namespace, token.workload)) and self._is_in_mesh
        )
        return replace(
            part,
            namespaces=tuple(self._namespace(item) for item in part.namespaces),
            workloads=tuple(self._workload(item) for item in part.workloads),
            flows=tuple(self._flow(flow) for flow in part.flows),
            tokens=tokens,
        )

    def _reads_requests(self, server: WorkloadKey) -> bool:
        """Until rules are enforced, a server without a sidecar is held at layer 3/4 and is no mistake."""
        return self._is_enforced or server not in self.outside

    def _namespace(self, namespace: Declaration) -> Declaration:
        here = dict.fromkeys(("mesh", "waypoint", "mtls", "authorization"), self.rollout.place)
        return replace(namespace, fields=self._namespace_fields(namespace), places={**namespace.places, **here})

    def _namespace_fields(self, namespace: Declaration) -> dict[str, Json]:
        rollout = self.rollout
        fields = {
            **namespace.fields,
            "mesh": rollout.mesh,
            **({"waypoint": rollout.waypoint} if rollout.waypoint else {}),
            "mtls": rollout.mtls,
            "authorization": rollout.authorization,
        }
        if not self._is_enforced:
            fields |= {"registryOnly": False, "encrypted": False}  # nothing new is refused before the last phase
        return {**fields, "create": True} if rollout.create else fields

    def _workload(self, workload: Declaration) -> Declaration:
        fields = dict(workload.fields)
        if workload.key in self.outside or (workload.key in self.own and not self._is_in_mesh):
            fields["mesh"] = Mesh.NONE.value
        return replace(workload, fields=fields)

    def _flow(self, flow: FlowDeclaration) -> FlowDeclaration:
        server = flow.server.key if isinstance(flow.server, WorkloadPeer) else None
        if not self._is_in_mesh or (server is not None and not self._reads_requests(server)):
            flow = replace(flow, request=None, token="")
        client = flow.client.key if isinstance(flow.client, WorkloadPeer) else None
        if not self._is_in_mesh or client not in self.outside or server not in self.own or server in self.outside:
            return flow
        flow = replace(flow, tolerated=self._tolerated(client))
        return flow if self.rollout.mtls == Mtls.PERMISSIVE else self._excepted(flow, client, server)

    def _tolerated(self, client: WorkloadKey) -> str:
        listed = self.clients.get(client)
        if listed is None:
            return "has no sidecar"
        return f"plaintext until {listed.until}" if listed.until else "plaintext, no date to end it"

    def _excepted(self, flow: FlowDeclaration, client: WorkloadKey, server: WorkloadKey) -> FlowDeclaration:
        """Return *flow* open to its client without an identity, where exceptions name all of its ports."""
        ports = [(server[1], number) for number in self._tcp_ports(flow, server)]
        self.used.update(ports)
        missing = [key for key in ports if key not in self.exceptions]
        if flow.plaintext or not ports:
            return flow
        if not missing:
            reasons = dict.fromkeys(self.exceptions[key].reason for key in ports)
            return replace(flow, plaintext="; ".join(reasons))
        for workload, port in missing:
            listed = self.clients.get(client)
            place = listed.place if listed else flow.client_place
            message = f"{'/'.join(client)} has no sidecar, but {workload}:{port} takes mutual TLS alone in this phase"
            fix = f"move it into the mesh first, or add {{workload: {workload}, port: {port}, reason: …}} to exceptions"
            self.findings.append(Finding("MG027", message, place, fix))
        return flow

    def _tcp_ports(self, flow: FlowDeclaration, server: WorkloadKey) -> list[int]:
        """Return the numbers of the flow's TCP ports, as far as they are known; mistakes are found later."""
        declared = [
            Port(port["number"], port["protocol"], port.get("name", ""))
            for port in self.own[server].fields.get("ports", [])
        ]
        wanted = [each.number if isinstance(each, Port) else each for each in flow.ports or ()]
        is_asked = [port for port in declared if not wanted or port.number in wanted or port.name in wanted]
        return [port.number for port in is_asked if port.transport == "TCP"]
