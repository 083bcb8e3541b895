"""Random small clusters: namespaces, pods, NetworkPolicies and AuthorizationPolicies in the whole grammar.

Names, labels, ports and addresses come from small pools, so that what one policy asks for
another object often has. A bundle is data: what is drawn is what the YAML says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Object = dict[str, Any]
Drawn = st.SearchStrategy[Any]
Pool = Mapping[str, Sequence[str]]

ROOT = "istio-config"
"""The mesh's root namespace; the only one that network-config-analyzer knows."""
TRUST_DOMAIN = "cluster.local"
NAMESPACES = ("red", "blue", "green")
LABELS = {"app": ("web", "api", "db"), "tier": ("front", "back")}
NAMESPACE_LABELS = {"team": ("a", "b"), "stage": ("prod", "test")}
NAMESPACE_NAME = "kubernetes.io/metadata.name"
ACCOUNTS = ("web", "api", "default")
CONTAINER_PORTS = (("http", 80, "TCP"), ("http", 8080, "TCP"), ("dns", 53, "UDP"), ("dns", 53, "TCP"), ("pg", 5432, ""))
PORTS = (1, 53, 80, 443, 5432, 8080, 65535)
RANGES = ((1, 80), (53, 79), (80, 81), (443, 8080), (8080, 65535), (5432, 5432))
BLOCKS = {
    "0.0.0.0/0": ("10.0.0.0/8", "8.8.8.0/24", "0.0.0.0/1"),
    "10.0.0.0/8": ("10.1.0.0/16", "10.1.2.3/32", "10.0.0.0/8"),
    "8.8.8.0/24": ("8.8.8.8/32",),
    "8.8.8.8/32": (),
    "::/0": ("2001:db8::/32",),
    "2001:db8::/32": ("2001:db8:1::/48",),
}
ADDRESSES = ("8.8.8.8", "8.8.8.9", "10.0.0.1", "10.1.2.3", "192.168.7.7", "2001:db8::1", "2001:db8:1::1", "2a00::1")
METHODS = ("GET", "POST", "DELETE")
PATHS = ("/", "/a", "/a/b", "/admin", "/b/a")
HOSTS = ("a.example", "b.example", "c.b.example")


def maybe(strategy: Drawn) -> Drawn:
    """Draw from *strategy*, or None for what is absent."""
    return st.none() | strategy


@st.composite
def mostly(draw: st.DrawFn, strategy: Drawn) -> Any:
    """Draw from *strategy*, or seldom None."""
    return draw(strategy) if draw(st.integers(0, 4)) else None


@st.composite
def filled(draw: st.DrawFn, strategy: Drawn) -> list[Any]:
    """Draw a list of one or two, seldom an empty one."""
    return draw(st.lists(strategy, min_size=1, max_size=2)) if draw(st.integers(0, 7)) else []


def some(values: Any, most: int = 2, least: int = 1) -> Drawn:
    """Draw a few different *values*."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)


@st.composite
def present(draw: st.DrawFn, /, **fields: Drawn) -> Object:
    """Draw an object with the *fields* that are not None."""
    drawn = {name.rstrip("_"): draw(strategy) for name, strategy in fields.items()}
    return {name: value for name, value in drawn.items() if value is not None}


def labels(pool: Pool) -> Drawn:
    """Draw a label of each key, or none."""
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in pool.items()})


def expressions(pool: Pool) -> Drawn:
    """Draw one entry of ``matchExpressions``."""
    keys = [st.just((key, values)) for key, values in pool.items()] + [st.just(("unheard-of", ("of",)))]
    return st.one_of(*keys).flatmap(
        lambda one: st.one_of(
            st.fixed_dictionaries(
                {"key": st.just(one[0]), "operator": st.sampled_from(("In", "NotIn")), "values": some(one[1])}
            ),
            st.fixed_dictionaries(
                {"key": st.just(one[0]), "operator": st.sampled_from(("Exists", "DoesNotExist"))},
            ),
        )
    )


def selector(pool: Pool) -> Drawn:
    """Draw a selector: empty ones select everything."""
    exact = labels(pool).map(lambda drawn: {"matchLabels": drawn} if drawn else {})
    both = present(matchLabels=maybe(labels(pool)), matchExpressions=st.lists(expressions(pool), max_size=2))
    return exact | both


SPACES = {**NAMESPACE_LABELS, NAMESPACE_NAME: NAMESPACES}


@st.composite
def block(draw: st.DrawFn) -> Object:
    """Draw an ipBlock, perhaps with exceptions."""
    cidr = draw(st.sampled_from(tuple(BLOCKS)))
    holes = draw(mostly(some(BLOCKS[cidr], least=0))) if BLOCKS[cidr] else None
    return {"cidr": cidr} if holes is None else {"cidr": cidr, "except": holes}


PEERS = st.one_of(
    present(podSelector=selector(LABELS)),
    present(namespaceSelector=selector(SPACES)),
    present(namespaceSelector=selector(SPACES), podSelector=selector(LABELS)),
    present(ipBlock=block()),
    present(ipBlock=st.just({"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]})),
)
PROTOCOLS = maybe(st.sampled_from(("TCP", "UDP", "SCTP")))
NETWORK_PORTS = st.one_of(
    present(protocol=PROTOCOLS, port=maybe(st.sampled_from(PORTS))),
    present(protocol=PROTOCOLS, port=st.sampled_from(("http", "dns", "pg", "nowhere"))),
    st.builds(
        lambda protocol, ends: {**protocol, "port": ends[0], "endPort": ends[1]},
        present(protocol=PROTOCOLS),
        st.sampled_from(RANGES),
    ),
)


def network_rules(side: str) -> Drawn:
    """Draw the rules of one direction; absent and empty lists both mean everybody, or every port."""
    rule = present(**{f"{side}_": mostly(filled(PEERS)), "ports": maybe(filled(NETWORK_PORTS))})
    return filled(rule)


POLICY_TYPES = (*[["Ingress"], ["Egress"], ["Ingress", "Egress"]] * 3, ["Egress", "Ingress"])


@st.composite
def network_policy(draw: st.DrawFn, number: int, spaces: Sequence[str]) -> Object:
    """Draw a NetworkPolicy."""
    types = draw(maybe(st.sampled_from(POLICY_TYPES)))
    sections = {"ingress": draw(mostly(network_rules("from"))), "egress": draw(mostly(network_rules("to")))}
    if types is not None and draw(st.integers(0, 5)):  # seldom, rules are there that policyTypes leaves out
        sections = {key: rules for key, rules in sections.items() if key.title() in types}
    spec = {"podSelector": draw(selector(LABELS)), "policyTypes": types, **sections}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"network-{number}", "namespace": draw(st.sampled_from(spaces))},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


PRINCIPALS = (
    *(f"{TRUST_DOMAIN}/ns/{space}/sa/{account}" for space in NAMESPACES for account in ACCOUNTS[:2]),
    *("*", f"{TRUST_DOMAIN}/ns/red/*", "*/sa/web", "*/ns/blue/sa/api", f"{TRUST_DOMAIN}/ns/red/sa/nobody"),
)
SPACE_PATTERNS = (*NAMESPACES, "*", "re*", "*n", "nowhere")
CIDRS = ("8.8.8.8", "8.8.8.0/24", "10.0.0.0/8", "2001:db8::/32")
SOURCES = st.one_of(
    present(
        principals=maybe(some(PRINCIPALS)),
        notPrincipals=maybe(some(PRINCIPALS)),
        namespaces=maybe(some(SPACE_PATTERNS)),
        notNamespaces=maybe(some(SPACE_PATTERNS)),
    ),
    present(namespaces=some(SPACE_PATTERNS, 1), principals=some(PRINCIPALS)),
    present(serviceAccounts=some(("web", "red/web", "blue/api", "green/default", "red/nobody"))),
    present(ipBlocks=maybe(some(CIDRS)), notIpBlocks=maybe(some(CIDRS))),
    present(ipBlocks=maybe(some(CIDRS)), namespaces=maybe(some(SPACE_PATTERNS))),
).filter(bool)
NUMBERS = tuple(map(str, PORTS))
METHOD_PATTERNS = (*METHODS, "*", "P*", "*T")
PATH_PATTERNS = (*PATHS, "*", "/a*", "/a/*", "*/a", "*b")
HOST_PATTERNS = (*HOSTS, "*", "*.example", "*.b.example", "a.*")
OPERATIONS = present(
    ports=maybe(some(NUMBERS)),
    notPorts=maybe(some(NUMBERS, 1)),
    methods=maybe(some(METHOD_PATTERNS)),
    notMethods=maybe(some(METHOD_PATTERNS, 1)),
    paths=maybe(some(PATH_PATTERNS)),
    notPaths=maybe(some(PATH_PATTERNS, 1)),
    hosts=maybe(some(HOST_PATTERNS, 1)),
    notHosts=maybe(some(HOST_PATTERNS, 1)),
).filter(bool)


def condition(key: str, values: tuple[str, ...]) -> Drawn:
    """Draw one entry of ``when``."""
    return present(key=st.just(key), values=maybe(some(values)), notValues=maybe(some(values, 1))).filter(
        lambda drawn: len(drawn) > 1
    )


CONDITIONS = st.one_of(
    condition("source.principal", PRINCIPALS),
    condition("source.namespace", SPACE_PATTERNS),
    condition("source.ip", CIDRS),
    condition("destination.port", NUMBERS),
)
AUTHORIZATION_RULES = present(
    from_=mostly(st.lists(SOURCES.map(lambda one: {"source": one}), min_size=1, max_size=2)),
    to=maybe(st.lists(OPERATIONS.map(lambda one: {"operation": one}), min_size=1, max_size=2)),
    when=maybe(st.lists(CONDITIONS, min_size=1, max_size=2)),
)


@st.composite
def authorization_policy(draw: st.DrawFn, number: int, spaces: Sequence[str]) -> Object:
    """Draw an AuthorizationPolicy."""
    chosen = draw(maybe(labels(LABELS)))
    action = draw(st.sampled_from((None, "ALLOW", "ALLOW", "DENY")))
    rules = st.lists(AUTHORIZATION_RULES, min_size=1, max_size=2)
    if action != "DENY" or not draw(st.integers(0, 9)):  # without rules, DENY denies nothing
        rules = maybe(rules | st.just([]))
    spec = {"selector": {"matchLabels": chosen} if chosen else None, "action": action, "rules": draw(rules)}
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": f"rule-{number}", "namespace": draw(st.sampled_from((*spaces, *spaces, ROOT)))},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


@st.composite
def namespace(draw: st.DrawFn, name: str) -> Object:
    """Draw a namespace of the mesh; its name is the label that Kubernetes itself sets."""
    drawn = {**draw(labels(NAMESPACE_LABELS)), "istio-injection": "enabled", NAMESPACE_NAME: name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": drawn}}


@st.composite
def pod(draw: st.DrawFn, number: int) -> Object:
    """Draw a pod."""
    container: Object = {"name": "main", "image": "example.com/main"}
    named = draw(st.lists(st.sampled_from(CONTAINER_PORTS), max_size=2, unique_by=lambda one: one[0]))
    container["ports"] = [
        {"name": name, "containerPort": port, **({"protocol": protocol} if protocol else {})}
        for name, port, protocol in named
    ]
    metadata = {"name": f"pod-{number}", "namespace": draw(st.sampled_from(NAMESPACES)), "labels": draw(labels(LABELS))}
    spec = {"serviceAccountName": draw(st.sampled_from(ACCOUNTS)), "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@st.composite
def bundles(draw: st.DrawFn, most_network: int = 4, most_mesh: int = 4) -> list[Object]:
    """Draw a whole cluster: namespaces first, which is the order that network-config-analyzer needs."""
    spaces = [draw(namespace(name)) for name in NAMESPACES]
    spaces.append(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ROOT, "labels": {NAMESPACE_NAME: ROOT}}}
    )
    pods = [draw(pod(number)) for number in range(draw(st.integers(3, 6)))]
    used = sorted({one["metadata"]["namespace"] for one in pods})
    network = [draw(network_policy(number, used)) for number in range(draw(st.integers(1, most_network)))]
    mesh = [
        draw(authorization_policy(number, used)) for number in range(draw(st.integers(min(1, most_mesh), most_mesh)))
    ]
    return [*spaces, *pods, *network, *mesh]
