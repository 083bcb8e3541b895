"""Istio's security kinds (security.istio.io) as istiod reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from generator.core.frozen import dataclass
from generator.core.places import Json, Place, Route
from generator.manifests.objects import Manifest, mapping, sequence, strings, texts

DRY_RUN = "istio.io/dry-run"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which workloads a policy speaks for: a selector's, those behind targets, or all of its namespace (or mesh).

    ``targets`` are group, kind and name, in the policy's own namespace (GatewayClass has none).
    """

    namespace: str
    labels: Mapping[str, str]
    targets: tuple[tuple[str, str, str], ...] = ()

    @property
    def has_targets(self) -> bool:
        """Whether gateways and waypoints read it, and nobody else."""
        return bool(self.targets)

    def may_mean_pods(self, namespace: str, root_namespace: str) -> bool:
        """Whether it may speak for pods of *namespace*: from there, from the root namespace, or by a target."""
        return bool(self.targets) or self.namespace in (namespace, root_namespace)


@dataclass(frozen=True, slots=True)
class PeerAuthentication:
    """What workloads accept; modes are upper case, UNSET where nothing was said."""

    manifest: Manifest
    scope: Scope
    mode: str
    ports: Mapping[int, str]
    created: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of ``when``."""

    key: str
    values: tuple[str, ...]
    not_values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuthorizationRule:
    """One rule: any source, any operation, all conditions. None for sources or operations: absent."""

    sources: tuple[Mapping[str, tuple[str, ...]], ...] | None
    operations: tuple[Mapping[str, tuple[str, ...]], ...] | None
    conditions: tuple[Condition, ...]
    manifest: Manifest = field(compare=False, repr=False)
    route: Route = field(compare=False, repr=False)

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.manifest.place(*self.route)


@dataclass(frozen=True, slots=True)
class AuthorizationPolicy:
    """One policy. ALLOW without rules allows nothing; a dry run decides nothing."""

    manifest: Manifest
    scope: Scope
    action: str
    rules: tuple[AuthorizationRule, ...]
    is_dry_run: bool


@dataclass(frozen=True, slots=True)
class RequestAuthentication:
    """Whose tokens are valid: issuers, each with the audiences it may name (none: any). No token passes as well."""

    manifest: Manifest
    scope: Scope
    audiences: Mapping[str, tuple[str, ...]]


def read_scope(manifest: Manifest) -> Scope:
    """Read selector and targets of a policy."""
    spec = manifest.spec
    labels = texts(mapping(spec.get("selector")).get("matchLabels"))
    targets = [mapping(one) for one in (spec.get("targetRef"), *sequence(spec.get("targetRefs"))) if one]
    found = [tuple(str(one.get(key) or "") for key in ("group", "kind", "name")) for one in targets]
    return Scope(manifest.namespace, labels, tuple((group, kind, name) for group, kind, name in found))


def read_peer_authentication(manifest: Manifest) -> PeerAuthentication:
    """Read *manifest*; port keys are numbers of the container's ports."""
    spec = manifest.spec
    ports = {
        int(port): str(mapping(mode).get("mode") or "UNSET").upper()
        for port, mode in mapping(spec.get("portLevelMtls")).items()
        if str(port).isdigit()
    }
    mode = str(mapping(spec.get("mtls")).get("mode") or "UNSET").upper()
    created = str(manifest.metadata.get("creationTimestamp") or "")
    return PeerAuthentication(manifest, read_scope(manifest), mode, ports, created)


def read_authorization_policy(manifest: Manifest) -> AuthorizationPolicy:
    """Read *manifest*; the default action is ALLOW."""
    return AuthorizationPolicy(
        manifest=manifest,
        scope=read_scope(manifest),
        action=str(manifest.spec.get("action") or "ALLOW").upper(),
        rules=tuple(_rules(manifest)),
        is_dry_run=manifest.annotations.get(DRY_RUN, "").lower() == "true",
    )


def _rules(manifest: Manifest) -> Iterator[AuthorizationRule]:
    for index, data in enumerate(map(mapping, sequence(manifest.spec.get("rules")))):
        yield AuthorizationRule(
            sources=_parts(data.get("from"), "source"),
            operations=_parts(data.get("to"), "operation"),
            conditions=tuple(
                Condition(str(one.get("key") or ""), strings(one.get("values")), strings(one.get("notValues")))
                for one in map(mapping, sequence(data.get("when")))
            ),
            manifest=manifest,
            route=("spec", "rules", index),
        )


def _parts(data: Json, inner: str) -> tuple[dict[str, tuple[str, ...]], ...] | None:
    if not sequence(data):
        return None
    return tuple(
        {str(key): strings(values) for key, values in mapping(mapping(one).get(inner)).items() if strings(values)}
        for one in sequence(data)
    )


def read_request_authentication(manifest: Manifest) -> RequestAuthentication:
    """Read *manifest*."""
    rules = map(mapping, sequence(manifest.spec.get("jwtRules")))
    audiences = {str(one.get("issuer") or ""): strings(one.get("audiences")) for one in rules}
    return RequestAuthentication(manifest, read_scope(manifest), audiences)
