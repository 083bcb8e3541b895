"""Why proxies let a connection and its requests through, or not: mutual TLS first, then AuthorizationPolicies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from generator.algebra.ternary import Ternary
from generator.core.places import Place
from generator.manifests.security import AuthorizationPolicy, AuthorizationRule, PeerAuthentication
from generator.semantics.authorization import NOT_CAPTURED
from generator.semantics.cluster import Cluster
from generator.semantics.identified import IdentifiedAccess
from generator.semantics.mesh import MeshVerdicts
from generator.semantics.mtls import PERMISSIVE, STRICT
from generator.semantics.reasons import AUTHORIZATION, MTLS, Layer, Reason, Verdict
from generator.semantics.requests import Patterns, Request
from generator.semantics.spelling import spell
from generator.semantics.strangers import named_accounts
from generator.semantics.trial import Trial
from generator.semantics.universe import Facts, Universe
from generator.topology import AMBIENT, OUTSIDE, PROBE_SOURCES, SIDECAR, UNKNOWN, Endpoint, Point

_CLIENT, _SERVER = 0, 1


@dataclass(frozen=True, slots=True)
class Pair:
    """One client and one server, at one port, and every request that is meant."""

    cluster: Cluster
    client: Endpoint
    server: Endpoint
    point: Point
    requests: tuple[Request | None, ...]
    patterns: Patterns

    @property
    def mesh(self) -> MeshVerdicts:
        """The verdicts between the two."""
        return MeshVerdicts(self.cluster, (self.client, self.server))

    @property
    def takes_waypoint(self) -> bool:
        """Whether the client's calls come through the waypoint of the server's Service."""
        return self.client.takes_waypoint_to(self.server)

    @property
    def unbound(self) -> str:
        """Why no proxy of the mesh has a say, in words; empty if one has."""
        if not self.server.is_pod:
            return f"{self.server.name} is no pod: nobody there enforces the policies of this mesh"
        if self.server.mesh == OUTSIDE:
            return f"{self.server.name} is not in the mesh"
        if self.point.transport != "TCP":
            return f"proxies see TCP alone, not {self.point.transport}"
        if self.server.mesh == AMBIENT and (self.client.is_node or self.client.address in PROBE_SOURCES.values()):
            return "what the node itself sends, such as probes, comes past ztunnel"
        if self.server.mesh == SIDECAR and self.point.number in NOT_CAPTURED:
            return f"port {self.point.number} is the proxy's own"
        return ""


def mtls_layer(pair: Pair) -> Layer:
    """Return what the server's PeerAuthentications say of the client's connection."""
    name = f"{MTLS} at {pair.server.name}"
    if unbound := pair.unbound:
        return Layer(MTLS, name, Verdict.YES, (Reason(unbound),))
    if pair.server.is_gateway:
        return Layer(MTLS, name, Verdict.YES, (Reason("PeerAuthentication does not bind a gateway"),))
    if pair.takes_waypoint:
        return Layer(MTLS, name, Verdict.YES, (Reason("the waypoint speaks mutual TLS to both sides"),))
    verdict = _verdict(pair.mesh.connected(_SERVER, pair.point))
    inside = replace(pair.server, mesh=SIDECAR) if pair.server.mesh == UNKNOWN else pair.server
    mode = pair.cluster.mtls.mode(inside, pair.point.number)
    deciding = pair.cluster.mtls.deciding(inside, pair.point.number)
    words = {STRICT: "demands a mesh identity", None: "is not the only one, and which is older is not written"}
    if deciding is None:
        reason = Reason(f"no PeerAuthentication was read that speaks for it: {PERMISSIVE}, plaintext is accepted")
    else:
        rest = words.get(mode, "accepts plaintext")
        title = f"PeerAuthentication {deciding.manifest.namespace}/{deciding.manifest.name}"
        reason = Reason(f"{title}: {mode or 'the mode'} {rest}{_client(pair, mode)}", _place(deciding, pair.point))
    missing = list(_missing_mtls(pair, mode)) if verdict is Verdict.UNKNOWN else []
    return Layer(MTLS, name, verdict, (reason,), tuple(missing))


def _client(pair: Pair, mode: str | None) -> str:
    if mode != STRICT:
        return ""
    how = {OUTSIDE: "has none", UNKNOWN: "may have one"}.get(pair.client.mesh, "has one")
    return f", and {pair.client.name} {how}"


def _place(policy: PeerAuthentication, point: Point) -> Place:
    if point.number in policy.ports and policy.scope.labels:
        return policy.manifest.place("spec", "portLevelMtls", str(point.number))
    return policy.manifest.place("spec", "mtls", "mode")


def _missing_mtls(pair: Pair, mode: str | None) -> Iterator[str]:
    if mode is None:
        yield "which PeerAuthentication is older (metadata.creationTimestamp)"
    yield from _missing_modes(pair)


def _missing_modes(pair: Pair) -> Iterator[str]:
    for one in {one.name: one for one in (pair.client, pair.server)}.values():
        if one.mesh == UNKNOWN:
            where = f"the labels of the namespace {one.namespace}"
            yield f"whether {one.name} is in the mesh: {where} (add its Namespace, or state the mode with --env)"


def authorization_layer(pair: Pair) -> tuple[Layer, str]:
    """Return what AuthorizationPolicies say of the requests that are meant; and which get through, if not all.

    Of pods known by labels alone nobody says which ServiceAccount they have: each that the
    policies name is tried, and one that they do not name.
    """
    layer, only = authorization_as_given(pair)
    if pair.client.account or not pair.client.is_pod or pair.unbound:
        return layer, only
    named = sorted(
        account for space, account in named_accounts(pair.cluster.bundle) if space == pair.client.identity[0]
    )
    others = [authorization_as_given(replace(pair, client=replace(pair.client, account=one))) for one in named]
    if all((each.verdict, text) == (layer.verdict, only) for each, text in others):
        return layer, only
    telling = next(each for each, text in others if (each.verdict, text) != (layer.verdict, only))
    fact = f"the ServiceAccount of {pair.client.name}: {', '.join(named)}, or another"
    return replace(telling, verdict=Verdict.UNKNOWN, missing=(*layer.missing, fact)), ""


def authorization_as_given(pair: Pair) -> tuple[Layer, str]:
    """Return the same for a client whose ServiceAccount is as stated: without one, it has one that nobody names."""
    name = f"{AUTHORIZATION} at {pair.server.name}"
    if unbound := pair.unbound:
        return Layer(AUTHORIZATION, name, Verdict.YES, (Reason(unbound),)), ""
    mesh = pair.mesh
    is_read = pair.server.mesh != AMBIENT or pair.takes_waypoint
    requests = pair.requests if is_read else (None,)
    verdicts = {one: _verdict(_authorized(pair, mesh, one)) for one in requests}
    passing = [one for one, verdict in verdicts.items() if verdict is Verdict.YES]
    only = spell(passing, list(verdicts), pair.patterns) if passing and len(passing) < len(verdicts) else ""
    verdict = Verdict.YES if passing else _best(verdicts.values())
    counted = [one for one, each in verdicts.items() if each is verdict]
    reasons = _reasons(pair, mesh, verdict, counted)
    missing = tuple(dict.fromkeys(_missing(pair, mesh, counted))) if verdict is Verdict.UNKNOWN else ()
    return Layer(AUTHORIZATION, name, verdict, tuple(dict.fromkeys(reasons)), missing), only


def _best(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    return next(one for one in (Verdict.YES, Verdict.UNKNOWN, Verdict.NO) if one in found)


def _authorized(pair: Pair, mesh: MeshVerdicts, request: Request | None) -> Ternary:
    """Return the verdict on the request alone: what mutual TLS refuses is said at its own layer."""
    verdict, connected = mesh.admitted(_SERVER, pair.point, request), mesh.connected(_SERVER, pair.point)
    if not pair.takes_waypoint and not connected.possible >> _CLIENT & 1:  # nothing arrives: judge it as if it did
        relaxed = replace(pair.client, mesh=SIDECAR)
        other = MeshVerdicts(pair.cluster, (relaxed, pair.server))
        return other.admitted(_SERVER, pair.point, request)
    return verdict


def _verdict(verdict: Ternary) -> Verdict:
    if verdict.sure >> _CLIENT & 1:
        return Verdict.YES
    return Verdict.UNKNOWN if verdict.possible >> _CLIENT & 1 else Verdict.NO


def _reasons(pair: Pair, mesh: MeshVerdicts, verdict: Verdict, requests: Sequence[Request | None]) -> Iterator[Reason]:
    policies = mesh.at_waypoint(_SERVER) if pair.takes_waypoint else mesh.at_pod(_SERVER)
    if pair.takes_waypoint:
        yield from _passage(pair, mesh)
    if not policies:
        yield Reason(f"no AuthorizationPolicy was read that speaks for it{' at the waypoint' * pair.takes_waypoint}")
    for action in ("CUSTOM", "DENY", "ALLOW"):
        own = [policy for policy in policies if policy.action == action]
        met = [found for policy in own for found in _met(pair, policy, requests)]
        if action == "ALLOW" and verdict is Verdict.NO and not met:
            yield from (_unmet(pair, policy) for policy in own)
        elif action == "ALLOW" or verdict is not Verdict.YES:
            yield from (_title(policy, rule) for policy, rule in met)
    if verdict is Verdict.NO and any(one and one.get("claim:iss") for one in requests):
        yield from (Reason(f"tokens are accepted of {issuer}") for issuer in sorted(mesh.trusted(_SERVER)))


def _passage(pair: Pair, mesh: MeshVerdicts) -> Iterator[Reason]:
    """Say whether ztunnel lets the waypoint in, whose identity is all that it sees."""
    waypoint = pair.server.waypoint
    if waypoint is None:
        return
    verdict = _verdict(mesh.lets_waypoint_in(_SERVER, pair.point))
    title = f"{waypoint.title} decides over requests; ztunnel sees the waypoint as the caller"
    words = {Verdict.YES: "and lets it in", Verdict.NO: "and does not let it in", Verdict.UNKNOWN: "and may let it in"}
    speaking = mesh.at_pod(_SERVER)
    place = None
    for policy in speaking if verdict is not Verdict.YES else ():
        place = policy.manifest.place("spec", "rules") if policy.rules else policy.manifest.place("spec")
    yield Reason(f"{title}, {words[verdict]}", place)


def _met(
    pair: Pair, policy: AuthorizationPolicy, requests: Sequence[Request | None]
) -> Iterator[tuple[AuthorizationPolicy, AuthorizationRule]]:
    """Yield the rules of *policy* that one of *requests* meets, or may meet."""
    universe = Universe((pair.client, pair.server), Facts())
    known = Ternary.exactly(universe.everyone)
    if pair.client.mesh == UNKNOWN:
        universe = Universe((replace(pair.client, mesh=SIDECAR), pair.server), Facts())
    for rule in policy.rules:
        for request in requests:
            trial = Trial(
                universe,
                pair.cluster.identities,
                pair.server,
                pair.point,
                request,
                known,
                are_ports_known=not pair.takes_waypoint,
            )
            if trial.rule(rule, policy).possible >> _CLIENT & 1:
                yield policy, rule
                break


def _title(policy: AuthorizationPolicy, rule: AuthorizationRule) -> Reason:
    name = f"{policy.manifest.namespace}/{policy.manifest.name}"
    return Reason(f"AuthorizationPolicy {name}, {policy.action} rule {int(rule.route[-1]) + 1}", rule.place)


def _unmet(pair: Pair, policy: AuthorizationPolicy) -> Reason:
    """Say how near *policy* comes: it may name the caller, for other requests or ports."""
    title = f"AuthorizationPolicy {policy.manifest.namespace}/{policy.manifest.name}"
    if not policy.rules:
        return Reason(f"{title} allows nothing", policy.manifest.place("spec"))
    access = IdentifiedAccess([policy], pair.cluster.mtls, pair.cluster.identities)
    for _, rule in access.allowing(pair.server, pair.client, pair.point):
        return Reason(f"{title} has a rule for {pair.client.name}, but for other requests", rule.place)
    return Reason(f"{title} has no rule for {pair.client.name} on {pair.point}", policy.manifest.place("spec", "rules"))


def _missing(pair: Pair, mesh: MeshVerdicts, requests: Sequence[Request | None]) -> Iterator[str]:
    yield from _missing_modes(pair)
    waypoint = pair.server.waypoint
    if waypoint is not None and pair.takes_waypoint and not waypoint.is_sure:
        yield f"whether {waypoint.title} is there (add its Gateway): without it nobody reads requests"
    for policy in mesh.at_waypoint(_SERVER) if pair.takes_waypoint else mesh.at_pod(_SERVER):
        met = list(_met(pair, policy, requests))
        if policy.action == "CUSTOM" and met:
            name = f"{policy.manifest.namespace}/{policy.manifest.name}"
            yield f"what the external authorizer of AuthorizationPolicy {name} answers"
        for _, rule in met:
            yield from _undecided(rule)


def _undecided(rule: AuthorizationRule) -> Iterator[str]:
    fields = {field for source in rule.sources or () for field in source}
    fields |= {one.key for one in rule.conditions}
    for field in sorted(fields & {"ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks", "remote.ip"}):
        yield f"the address that the proxy sees ({field} at {rule.place})"
