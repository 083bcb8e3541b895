"""ResourceQuota and LimitRange: what the Kubernetes API validates beyond structure (1.36).

Source: pkg/apis/core/validation, ValidateResourceQuota and ValidateLimitRange.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.manifests.admission.spot import Spot

_COUNTED = frozenset(
    {
        *("cpu", "memory", "ephemeral-storage"),
        *(f"requests.{one}" for one in ("cpu", "memory", "ephemeral-storage", "storage")),
        *(f"limits.{one}" for one in ("cpu", "memory", "ephemeral-storage")),
        *("pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"),
        *("persistentvolumeclaims", "services.nodeports", "services.loadbalancers"),
    }
)
_PODS = frozenset({"pods"})
_USED_BY_PODS = frozenset(f"{kind}{one}" for kind in ("", "requests.", "limits.") for one in ("cpu", "memory"))
_COUNTED_IN = {
    "BestEffort": _PODS,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
    **dict.fromkeys(("NotBestEffort", "Terminating", "NotTerminating"), _PODS | _USED_BY_PODS),
    **dict.fromkeys(("PriorityClass", "CrossNamespacePodAffinity"), _PODS | _USED_BY_PODS),
}
_OPPOSITES = {"NotBestEffort": "BestEffort", "NotTerminating": "Terminating"}
_HUGE_PAGES = ("hugepages-", "requests.hugepages-")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_QUANTITY = re.compile(r"([+-]?[0-9.]+)(?:e([+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)", re.IGNORECASE)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_ORDER = (
    ("min", "max"), ("min", "defaultRequest"), ("defaultRequest", "max"),
    ("defaultRequest", "default"), ("min", "default"), ("default", "max"),
)  # fmt: skip
"""Fields of a limit of which the first may not exceed the second."""


def resource_quota(root: Spot) -> Iterator[Finding]:
    """Yield what the API server refuses about a ResourceQuota: names that it does not count."""
    for name, value in root.at("spec", "hard").fields().items():
        if _NAME.fullmatch(name) and name not in _COUNTED and not name.startswith(_HUGE_PAGES):
            near = f"requests.{name}"
            fix = f"did you mean {near!r}?" if near in _COUNTED else "write count/RESOURCE.GROUP for objects"
            yield value.refuse_key("is no resource that a quota counts", fix)

    yield from _scopes(root.child("spec"))


def _scopes(spec: Spot) -> Iterator[Finding]:
    """A scope goes with what is counted of the pods or claims in it; no pod is in two opposite ones."""
    terms = [one.child("scopeName") for one in spec.at("scopeSelector", "matchExpressions").items()]
    scopes = [*spec.child("scopes").texts(), *terms]
    names = {one.text for one in scopes}
    for scope in scopes:
        if scope.text in _OPPOSITES and _OPPOSITES[scope.text] in names:
            yield scope.refuse(f"stands beside {_OPPOSITES[scope.text]}", "keep one of them")
        counted = _COUNTED_IN.get(scope.text)
        for name in spec.child("hard").fields() if counted else ():
            if counted and name not in counted:
                yield scope.refuse(f"does not go with `{name}`", f"count one of: {', '.join(sorted(counted))}")


def limit_range(root: Spot) -> Iterator[Finding]:
    """Yield what the API server refuses about a LimitRange: limits that contradict each other."""
    for limit in root.at("spec", "limits").items():
        for lower, upper in _ORDER:
            for name, value in limit.child(lower).fields().items():
                ceiling = limit.at(upper, name)
                least, most = _number(value), _number(ceiling)
                if least is not None and most is not None and least > most:
                    message = f"is {value.value}, more than the {upper} of {ceiling.value}"
                    yield value.refuse(message, f"write at most {ceiling.value}, or raise `{upper}`")


def _number(spot: Spot) -> decimal.Decimal | None:
    """Return a quantity as a number; None for what is none, which the schema refuses."""
    found = _QUANTITY.fullmatch(str(spot.value)) if isinstance(spot.value, str | int | float) else None
    if found is None:
        return None
    number, exponent, unit = found.groups("")
    if unit in _BINARY:
        return decimal.Decimal(number) * decimal.Decimal(2 ** _BINARY[unit])
    if unit not in _DECIMAL:
        return None
    return decimal.Decimal(number).scaleb(int(exponent or 0) + _DECIMAL[unit])
