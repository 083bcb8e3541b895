"""The content of NetworkPolicies (networking.k8s.io)."""

from __future__ import annotations

from generator.core.frozen import dataclass
from generator.model.terms import Port
from generator.plan.views.selection import Selector


@dataclass(frozen=True, slots=True)
class PeerView:
    """One item of ``from``/``to``: selectors that are both meant (AND), or an address block."""

    comment: str
    namespaces: Selector | None = None
    pods: Selector | None = None
    cidr: str = ""
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """Peers and ports; None for peers is everyone, None for ports every port, both asked for by name."""

    peers: tuple[PeerView, ...] | None
    ports: tuple[Port, ...] | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class NetworkPolicyView:
    """``spec`` of a NetworkPolicy (networking.k8s.io/v1)."""

    pods: Selector
    types: tuple[str, ...]
    ingress: tuple[NetworkRule, ...] = ()
    egress: tuple[NetworkRule, ...] = ()
