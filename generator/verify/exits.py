"""Egress gateways: whom the intent lets through them, to which host, and whether the routes lead there.

Written apart from `generator.plan` on purpose. Two stretches are compared, each on its own:
where sidecars send a host, and where the gateway does.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.frozen import dataclass
from generator.core.places import Place
from generator.environment.model import Environment, Gateway
from generator.manifests.bundle import Bundle
from generator.model.externals import ExternalService, ExternalTls
from generator.model.intent import Intent
from generator.semantics.exits import Arrival, Departure
from generator.semantics.exits import Exits as Effective
from generator.semantics.requests import HOST, SNI, Request
from generator.topology import Endpoint, Point
from generator.verify.meaning import Meaning

_MUTUAL = "ISTIO_MUTUAL"


class Exits:
    """The egress gateways that an intent closes, and who may pass. Masks are over callers."""

    def __init__(self, meaning: Meaning) -> None:
        """Ask *meaning* for the intent and the environment."""
        self._meaning = meaning
        self._outside = [one for one in meaning.intent.externals if one.through]

    def holds_at(self, one: Endpoint) -> bool:
        """Tell whether *one* is a pod of such a gateway, or one that its policy takes for it."""
        return bool(self._through(one))

    def admitted(self, one: Endpoint, point: Point, request: Request | None) -> int:
        """Return whose connection the proxy of *one* shall let in: by identity, for the host that it is named under."""
        found = 0
        for external in self._through(one):
            service = (self._meaning.environment.gateways or {})[external.through].service
            if service is None or point != Point("TCP", service.target) or request is None:
                continue
            is_named = request.get(SNI) == external.host
            host = (request.get(HOST) or "").partition(":")[0]
            if is_named and (external.tls is ExternalTls.APPLICATION or host == external.host):
                found |= self._callers(external)
        return found

    def hosts(self, one: Endpoint) -> set[str]:
        """Return the hosts that are reached through *one*."""
        return {external.host for external in self._through(one)}

    def _callers(self, external: ExternalService) -> int:
        workloads = (self._meaning.intent.workloads[external.namespace, name] for name in external.clients)
        accounts = {(one.namespace, account) for one in workloads for account in one.service_accounts}
        return self._meaning.where(lambda one: one.has_identity and (one.namespace, one.account) in accounts)

    def _through(self, one: Endpoint) -> list[ExternalService]:
        """Return what is reached through *one*; a policy of the root namespace selects by labels everywhere."""
        root, found = self._meaning.environment.istio.root_namespace, []
        for external in self._outside:
            pods = (self._meaning.environment.gateways or {})[external.through].pods
            is_here = pods.namespace in (one.namespace, root) and one.has_identity
            if is_here and pods.labels.items() <= one.labels.items():
                found.append(external)
        return found


@dataclass(frozen=True, slots=True)
class Astray:
    """A stretch that leads elsewhere than it was meant to: lost, too much, or (``is_weaker``) with less TLS."""

    client: str
    server: str
    port: int
    place: Place
    is_lost: bool = False
    is_weaker: bool = False


def compare_exits(intent: Intent, environment: Environment, bundle: Bundle) -> Iterator[Astray]:
    """Yield where *bundle* sends calls of hosts outside other than *intent* says."""
    outside = [one for one in intent.externals if one.through]
    gateways = [one for one in (environment.gateways or {}).values() if one.service and one.role == "egress"]
    effective = Effective(bundle, environment.istio.root_namespace)
    if not outside and not effective.are_there:
        return
    for namespace in intent.namespaces:
        own = [one for one in outside if one.namespace == namespace]
        yield from _first(intent, gateways, own, effective, namespace)
    for gateway in gateways:
        hosts = {one.host: one for one in outside if one.through == gateway.name}
        yield from _second(gateway, list(hosts.values()), effective)


def _first(
    intent: Intent, gateways: list[Gateway], wanted: list[ExternalService], effective: Effective, namespace: str
) -> Iterator[Astray]:
    """Compare where sidecars of *namespace* send hosts: to the gateway's Service, under the host's name."""
    names = {one.service.host: one for one in gateways if one.service}
    known = {one.host for one in wanted}
    found = [one for one in effective.departures(namespace) if one.destination in names or one.name in known]
    for external in wanted:
        gateway = next(one for one in gateways if one.name == external.through)
        for name in external.clients:
            workload = intent.workloads[namespace, name]
            own = effective.departures(namespace, dict(workload.labels))
            if not any(_is_meant(external, gateway, one) and one.is_known and not one.is_partial for one in own):
                yield Astray(f"{namespace}/{name}", _through(external), _dialled(external), external.origin.place, True)
    for one in found:
        meant = [each for each in wanted if _is_meant(each, _named(gateways, each), one)]
        if not meant:
            yield Astray(f"sidecars of {namespace}", f"{one.destination}, for {one.name}", one.port or 0, one.place)
        elif not all(one.tls.mode == _MUTUAL and one.tls.name == each.host for each in meant):
            yield Astray(f"sidecars of {namespace}", _through(meant[0]), one.port or 0, one.place, is_weaker=True)


def _named(gateways: list[Gateway], external: ExternalService) -> Gateway:
    return next(one for one in gateways if one.name == external.through)


def _through(external: ExternalService) -> str:
    return f"the gateway {external.through}, for {external.host}"


def _dialled(external: ExternalService) -> int:
    return external.port if external.tls is ExternalTls.APPLICATION else external.local_port


def _is_meant(external: ExternalService, gateway: Gateway, one: Departure) -> bool:
    service, protocol = gateway.service, "tls" if external.tls is ExternalTls.APPLICATION else "http"
    return (
        service is not None
        and (one.name, one.protocol) == (external.host, protocol)
        and one.port == _dialled(external)
        and (one.destination, one.destination_port) == (service.host, service.port)
    )


def _second(gateway: Gateway, wanted: list[ExternalService], effective: Effective) -> Iterator[Astray]:
    """Compare what the gateway does with each name: whom it asks for an identity, where it goes, in which TLS."""
    found = list(effective.arrivals(gateway.pods.namespace, gateway.pods.labels))
    for external in wanted:
        if not any(_leads(external, gateway, one) and not one.is_partial for one in found):
            yield Astray(f"the gateway {gateway.name}", external.host, external.port, external.origin.place, True)
    for one in found:
        meant = next((each for each in wanted if _leads(each, gateway, one)), None)
        if meant is None:
            server = f"{one.destination}, for {one.name}"
            yield Astray(f"the gateway {gateway.name}", server, one.target or 0, one.place)
        elif one.mode != _MUTUAL or not _is_encrypted(meant, one):
            place = one.place if one.mode != _MUTUAL else one.tls.place or one.place
            yield Astray(f"the gateway {gateway.name}", meant.host, meant.port, place, is_weaker=True)


def _leads(external: ExternalService, gateway: Gateway, one: Arrival) -> bool:
    service, protocol = gateway.service, "tcp" if external.tls is ExternalTls.APPLICATION else "http"
    is_taken = one.protocol == protocol or (one.protocol == "tls" and one.mode != _MUTUAL)
    return (
        service is not None
        and is_taken
        and (one.name, one.port) == (external.host, service.port)
        and (one.destination, one.target) == (external.host, external.port)
    )


def _is_encrypted(external: ExternalService, one: Arrival) -> bool:
    """Tell whether the gateway adds the TLS that was asked for, and none where the application speaks it itself."""
    if external.tls is ExternalTls.APPLICATION:
        return one.tls.mode in ("", "DISABLE")
    wanted = "MUTUAL" if external.tls is ExternalTls.MUTUAL else "SIMPLE"
    is_checked = external.host in one.tls.checked and one.tls.name == external.host
    credential = external.certificates.get("credentialName", "")
    return one.tls.mode == wanted and is_checked and one.tls.credential == credential
