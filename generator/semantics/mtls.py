"""PeerAuthentication: what a workload accepts on a port (port > workload > namespace > mesh).

Sources: istio 1.30.3 pilot/pkg/security/authn/policy_applier.go, ComposePeerAuthentication; for ambient
pilot/pkg/serviceregistry/ambient/authorization.go, convertedSelectorPeerAuthentications.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.manifests.security import PeerAuthentication
from generator.topology import AMBIENT, Endpoint

UNSET = "UNSET"
PERMISSIVE = "PERMISSIVE"
STRICT = "STRICT"
DISABLE = "DISABLE"


class MutualTls:
    """The mode of every workload and port."""

    def __init__(self, policies: Sequence[PeerAuthentication], root_namespace: str) -> None:
        """Sort *policies* by scope; a selector in the root namespace is ignored, as istiod does."""
        self._mesh = [one for one in policies if one.scope.namespace == root_namespace and not one.scope.labels]
        self._by_namespace: dict[str, list[PeerAuthentication]] = {}
        for one in policies:
            if one.scope.namespace != root_namespace:
                self._by_namespace.setdefault(one.scope.namespace, []).append(one)
        self._of_all = {
            namespace: [one for one in found if not one.scope.labels] for namespace, found in self._by_namespace.items()
        }
        self._chosen: dict[tuple[str, frozenset[tuple[str, str]]], list[PeerAuthentication]] = {}

    def mode(self, server: Endpoint, port: int) -> str | None:
        """Return STRICT, PERMISSIVE or DISABLE; None when several policies compete and nothing says which is older."""
        if server.mesh == AMBIENT:
            return self._ambient_mode(server, port)
        mode: str | None = PERMISSIVE
        for policy in (_oldest(self._mesh), _oldest(self._of_namespace(server)), _oldest(self._of_workload(server))):
            if policy is _UNKNOWN:
                mode = None
            elif isinstance(policy, PeerAuthentication):
                mode = policy.mode if policy.mode != UNSET else mode
                exception = policy.ports.get(port, UNSET)
                if policy.scope.labels and exception != UNSET:
                    mode = exception
        return mode

    def _ambient_mode(self, server: Endpoint, port: int) -> str | None:
        """Return STRICT or PERMISSIVE, as ztunnel reads every other mode; None also where istiod contradicts itself.

        Exceptions for ports are read by rules of their own: with STRICT beside them each counts that is not
        STRICT; with no mode beside them one that is PERMISSIVE must be among them.
        """
        found = [_oldest(one) for one in (self._mesh, self._of_namespace(server), self._of_workload(server))]
        mesh, namespace, workload = (one if isinstance(one, PeerAuthentication) else None for one in found)
        if any(one is _UNKNOWN for one in found):
            return None
        modes = [one.mode for one in (mesh, namespace) if one and one.mode != UNSET]
        is_strict = bool(modes) and modes[-1] == STRICT
        if workload is None:
            return STRICT if is_strict else PERMISSIVE
        exceptions = {one: mode for one, mode in workload.ports.items() if mode != UNSET}
        own = exceptions.get(port)
        is_from_mesh = mesh is not None and mesh.mode == STRICT and (namespace is None or namespace.mode == UNSET)
        if workload.mode == UNSET and is_strict:
            if PERMISSIVE not in exceptions.values():
                return STRICT  # DISABLE alone is no exception
            if namespace is not None and is_from_mesh:
                return PERMISSIVE if own == PERMISSIVE else None  # a policy is attached that is never made
        elif workload.mode != UNSET:
            is_strict = workload.mode == STRICT
            if not is_strict and own == STRICT and is_from_mesh:
                return None  # and so is this one
        default = STRICT if is_strict else PERMISSIVE
        return default if own is None else STRICT if own == STRICT else PERMISSIVE

    def deciding(self, server: Endpoint, port: int) -> PeerAuthentication | None:
        """Return the policy that the mode comes from; None when it is the default."""
        found: PeerAuthentication | None = None
        for policies in (self._mesh, self._of_namespace(server), self._of_workload(server)):
            for policy in policies[:1]:
                if policy.mode != UNSET or policy.ports.get(port, UNSET) != UNSET:
                    found = policy
        return found

    def _of_namespace(self, server: Endpoint) -> list[PeerAuthentication]:
        return self._of_all.get(server.namespace, [])

    def _of_workload(self, server: Endpoint) -> list[PeerAuthentication]:
        """Return the policies that choose *server* by its labels: worked out once for all of the same labels."""
        key = (server.namespace, frozenset(server.labels.items()))
        if key not in self._chosen:
            self._chosen[key] = [
                one
                for one in self._by_namespace.get(server.namespace, ())
                if one.scope.labels and one.scope.labels.items() <= server.labels.items()
            ]
        return self._chosen[key]


class _Unknown:
    """Nobody can say which of several policies is the oldest."""


_UNKNOWN = _Unknown()


def _oldest(policies: Iterable[PeerAuthentication]) -> PeerAuthentication | _Unknown | None:
    """Return the policy that wins: the oldest, ties by name; unknown without timestamps, unless all agree."""
    found = list(policies)
    if len(found) < 2:
        return found[0] if found else None
    if all(one.created for one in found):
        return min(found, key=lambda one: (one.created, one.manifest.name))
    agree = all(one.mode == found[0].mode and one.ports == found[0].ports for one in found)
    return found[0] if agree else _UNKNOWN
