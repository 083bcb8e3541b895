"""The content of what Kubernetes itself and kustomize read, NetworkPolicies aside."""

from __future__ import annotations

from collections.abc import Mapping

from generator.core.frozen import dataclass
from generator.core.places import Json


@dataclass(frozen=True, slots=True)
class QuotaView:
    """``spec`` of a ResourceQuota."""

    hard: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LimitRangeView:
    """The container limits of a LimitRange."""

    limits: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class AuditView:
    """``spec`` of a CronJob that lists ``kinds``, those of ``kinds_if_installed`` that there are, and checks all."""

    schedule: str
    image: str
    account: str
    kinds: tuple[str, ...]
    kinds_if_installed: tuple[str, ...]
    fail_on: str


@dataclass(frozen=True, slots=True)
class ClusterRoleView:
    """The rules of a ClusterRole: resources by API group, all with the same verbs."""

    resources: tuple[tuple[str, tuple[str, ...]], ...]
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterRoleBindingView:
    """Which ServiceAccount gets the ClusterRole."""

    role: str
    namespace: str
    account: str


@dataclass(frozen=True, slots=True)
class KustomizationView:
    """A kustomization: nothing but its resources."""

    resources: tuple[str, ...]
