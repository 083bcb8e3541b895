"""A large cluster to analyse, the same bytes every time: what `tests.bench` gives to `check`, `graph` and `diff`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

WORKLOADS = 10
"""In each namespace; they call each other in a row."""

_NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {{name: {space}, labels: {{istio-injection: enabled, kubernetes.io/metadata.name: {space}}}}}
"""
_WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}, tier: {tier}}}}}
    spec:
      serviceAccountName: {name}
      containers: [{{name: main, image: "example.com/{name}:1", ports: [{{name: http, containerPort: {port}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {space}}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: {port}}}]}}
"""
_CLOSED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: default-deny, namespace: {space}}}
spec:
  podSelector: {{}}
  policyTypes: [Ingress, Egress]
  egress:
    - to:
        - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}
          podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}
      ports: [{{protocol: UDP, port: 53}}, {{protocol: TCP, port: 53}}]
    - to:
        - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: istio-system}}}}
          podSelector: {{matchLabels: {{app: istiod}}}}
      ports: [{{protocol: TCP, port: 15012}}]
"""
_FLOW = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: {space}}}
spec:
  podSelector: {{matchLabels: {{app: {name}}}}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {caller_space}}}}}
          podSelector: {{matchLabels: {{app: {caller}}}}}
      ports: [{{protocol: TCP, port: {port}}}]
  egress:
    - to: [{{podSelector: {{matchLabels: {{app: {callee}}}}}}}]
      ports: [{{protocol: TCP, port: {callee_port}}}]
"""
_RULE = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  action: ALLOW
  rules:
    - from: [{{source: {{principals: [cluster.local/ns/{caller_space}/sa/{caller}]}}}}]
      to: [{{operation: {{ports: ["{port}"], methods: [GET], paths: [/{name}/*]}}}}]
"""


def size(namespaces: int) -> tuple[int, int, int]:
    """Return how many workloads, NetworkPolicies and AuthorizationPolicies so many *namespaces* have."""
    large = namespaces * 2 // 3
    return namespaces * WORKLOADS, namespaces * 6 + large, namespaces + large


def write_cluster(folder: Path, namespaces: int) -> Path:
    """Write a cluster of *namespaces*, at least eight, into a new *folder*: a file for each."""
    folder.mkdir(parents=True)
    for number in range(namespaces):
        text = "---\n".join(_documents(number, namespaces))
        (folder / f"{_space(number)}.yaml").write_text(text, "utf-8")
    return folder


def change_one_policy(folder: Path) -> None:
    """Let one NetworkPolicy of the cluster in *folder* speak of another port."""
    path = folder / f"{_space(7)}.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("port: 8001}", "port: 8002}", 1), "utf-8")


def _space(number: int) -> str:
    return f"team-{number:03}"


def _documents(number: int, namespaces: int) -> Iterator[str]:
    space, is_large = _space(number), number < namespaces * 2 // 3
    yield _NAMESPACE.format(space=space)
    for index in range(WORKLOADS):
        tier = "front" if index < WORKLOADS // 3 else "back"
        yield _WORKLOAD.format(space=space, name=f"app-{index}", tier=tier, port=8000 + index)
    yield _CLOSED.format(space=space)
    for index in range(6 if is_large else 5):
        caller_space = _space((number * 7 + index) % namespaces) if index % 3 == 2 else space
        names = {"name": f"app-{index}", "caller": f"app-{index + 1}", "callee": f"app-{index - 1 if index else 9}"}
        places = {
            "space": space,
            "caller_space": caller_space,
            "port": 8000 + index,
            "callee_port": 8000 + (index - 1) % 10,
        }
        yield _FLOW.format(**names, **places)
        if index < (2 if is_large else 1):
            yield _RULE.format(**names, **places)
