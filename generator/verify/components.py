"""A large intent falls into parts that have nothing to do with each other; each is proven by itself.

Namespaces belong together when a flow joins them. A policy of one part that names another
part's namespace is still found out: whatever the YAML names is in the part's universe.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from generator.core.frozen import dataclass
from generator.model.externals import ExternalService
from generator.model.flows import Flow, TokenIssuer
from generator.model.intent import Intent
from generator.model.peers import WorkloadPeer, namespaces_of
from generator.model.workloads import WorkloadKey


@dataclass(frozen=True, slots=True)
class Component:
    """A part of an intent: its namespaces, and every flow that has an end in one of them."""

    namespaces: tuple[str, ...]
    flows: tuple[Flow, ...]
    _belongings: _Belongings

    @property
    def intent(self) -> Intent:
        """The intent of these namespaces alone, made anew each time: thousands of them are large."""
        return self._belongings.intent_of(self.namespaces, self.flows)


def components(intent: Intent) -> list[Component]:
    """Return *intent* in parts, the namespaces of each joined by flows; together they are the whole.

    A closed or guarded gateway sees everything that is routed to, so with one there is a single part.
    """
    belongings = _Belongings(intent)
    if intent.gateways or intent.traffic.guards or len(intent.namespaces) < 2:
        return [Component(tuple(intent.namespaces), intent.flows, belongings)]
    leader = {name: name for name in intent.namespaces}
    for flow in intent.flows:
        joined = sorted(_ends(flow) & leader.keys())
        for name in joined[1:]:
            leader[_find(leader, name)] = _find(leader, joined[0])
    for home in intent.namespaces.values():  # a waypoint of another namespace joins the two
        if home.waypoint is not None and home.waypoint.namespace in leader:
            leader[_find(leader, home.name)] = _find(leader, home.waypoint.namespace)
    groups: dict[str, list[str]] = {}
    for name in sorted(intent.namespaces):
        groups.setdefault(_find(leader, name), []).append(name)
    flows: dict[str, list[Flow]] = {group: [] for group in groups}
    for flow in intent.flows:
        own = _ends(flow) & leader.keys()
        if own:
            flows[_find(leader, min(own))].append(flow)
    return [Component(tuple(names), tuple(flows[group]), belongings) for group, names in groups.items()]


class _Belongings:
    """What lies in each namespace of an intent, looked up once for all parts."""

    def __init__(self, intent: Intent) -> None:
        self._whole = intent
        self._workloads: dict[str, list[WorkloadKey]] = defaultdict(list)
        self._tokens: dict[str, list[TokenIssuer]] = defaultdict(list)
        self._externals: dict[str, list[ExternalService]] = defaultdict(list)
        for key in intent.workloads:
            self._workloads[key[0]].append(key)
        for token in intent.tokens:
            self._tokens[token.namespace].append(token)
        for external in intent.externals:
            self._externals[external.namespace].append(external)

    def intent_of(self, names: Sequence[str], flows: Sequence[Flow]) -> Intent:
        """Return the intent of *names* with the far ends of their *flows*, without what a proof does not look at."""
        whole = self._whole
        if len(names) == len(whole.namespaces):
            return whole
        ends = (peer for flow in flows for peer in (flow.client, flow.server))
        far = {peer.key for peer in ends if isinstance(peer, WorkloadPeer)}
        own = {key for name in names for key in self._workloads.get(name, ())}
        return Intent(
            namespaces={name: whole.namespaces[name] for name in names},
            workloads={key: whole.workloads[key] for key in sorted(own | far)},
            flows=tuple(flows),
            tokens=tuple(one for name in names for one in self._tokens.get(name, ())),
            externals=tuple(one for name in names for one in self._externals.get(name, ())),
            mesh_wide=whole.mesh_wide,
        )


def _find(leader: dict[str, str], name: str) -> str:
    while leader[name] != name:
        leader[name] = leader[leader[name]]
        name = leader[name]
    return name


def _ends(flow: Flow) -> set[str]:
    return {*namespaces_of(flow.client), *namespaces_of(flow.server)}
