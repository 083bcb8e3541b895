"""What one profile says of traffic beside its flows, read into values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from generator.core.findings import Finding
from generator.core.places import Json
from generator.intent.proxies import check_platform_parts
from generator.intent.telemetry import check_telemetry, merged
from generator.intent.written import read_port
from generator.model.terms import Origin, Port
from generator.model.traffic import AddressGuard, Audit, Installation, Proxy, RateLimit, Telemetry, Traffic

Placed = Callable[..., Origin]
"""Tells who wrote the value at a route, and where."""

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def read_traffic(data: Mapping[str, Json], placed: Placed) -> Traffic:
    """Read the schema-checked intent *data*."""

    def each(section: str) -> Iterable[tuple[int, Json]]:
        return enumerate(data.get(section) or [])

    return Traffic(
        guards=tuple(_guard(item, placed("guards", index, "gateway")) for index, item in each("guards")),
        rate_limits=tuple(
            _rate_limit(item, placed("rateLimits", index, "gateway" if "gateway" in item else "workload"))
            for index, item in each("rateLimits")
        ),
        telemetry=tuple(
            _telemetry(item, lambda *route, index=index: placed("telemetry", index, *route))
            for index, item in each("telemetry")
        ),
        proxies=tuple(_proxy(item, placed("proxies", index, "workload")) for index, item in each("proxies")),
        installations=tuple(
            _installation(item, placed("installations", index, "outbound")) for index, item in each("installations")
        ),
        audits=tuple(_audit(item, placed("audits", index, "namespace")) for index, item in each("audits")),
    )


def united(parts: Iterable[Traffic]) -> tuple[Traffic, list[Finding]]:
    """Return what all profiles of a run say, in an order that does not depend on theirs, and where they differ."""
    parts = list(parts)
    telemetry, findings = merged(one for part in parts for one in part.telemetry)
    traffic = Traffic(
        guards=tuple(sorted((one for part in parts for one in part.guards), key=repr)),
        rate_limits=tuple(sorted((one for part in parts for one in part.rate_limits), key=repr)),
        telemetry=telemetry,
        proxies=tuple(sorted((one for part in parts for one in part.proxies), key=repr)),
        installations=tuple(one for part in parts for one in part.installations),
        audits=tuple(sorted((one for part in parts for one in part.audits), key=repr)),
    )
    return traffic, [*findings, *check_telemetry(telemetry), *check_platform_parts(traffic)]


def _guard(item: Json, origin: Origin) -> AddressGuard:
    lists = (tuple(sorted(item.get(name, ()))) for name in ("hosts", "allow", "deny"))
    return AddressGuard(item["gateway"], origin, *lists)


def _rate_limit(item: Json, origin: Origin) -> RateLimit:
    port = read_port(item["port"])
    assert isinstance(port, Port)  # noqa: S101  (the schema asks for number and protocol)
    return RateLimit(
        namespace=item.get("namespace", ""),
        workload=item.get("workload", ""),
        gateway=item.get("gateway", ""),
        port=port,
        requests=item["requests"],
        seconds=_SECONDS[item["per"]],
        burst=item.get("burst", item["requests"]),
        origin=origin,
    )


def _telemetry(item: Json, placed: Placed) -> Telemetry:
    logs, tracing, metrics = (item.get(name) for name in ("accessLogs", "tracing", "metrics"))
    routes = {"accessLogs.filter": ("accessLogs", "filter"), "tracing.sampling": ("tracing", "sampling")}
    routes["tracing.provider"] = ("tracing", "provider")
    tags = (metrics or {}).get("tags", {})
    places = {name: placed(*route).place for name, route in routes.items()}
    places |= {f"metrics.tags.{name}": placed("metrics", "tags", name).place for name in tags}
    return Telemetry(
        namespace=item.get("namespace", ""),
        origin=placed("namespace" if "namespace" in item else next(iter(item))),
        access_logs=logs is not None,
        log_filter=(logs or {}).get("filter", ""),
        tracing_provider=(tracing or {}).get("provider", ""),
        sampling=(tracing or {}).get("sampling"),
        tags=dict(sorted(tags.items())),
        removed=tuple(sorted((metrics or {}).get("remove", ()))),
        places=places,
    )


def _proxy(item: Json, origin: Origin) -> Proxy:
    requests, limits = _resources(item.get("resources", {}))
    mounts = tuple(sorted(item.get("mounts", {}).items()))
    return Proxy(item["namespace"], item["workload"], item["kind"], requests, limits, mounts, origin)


def _resources(item: Json) -> tuple[dict[str, str], dict[str, str]]:
    """Return requests and limits; without any, both are empty."""
    requests = {name: item[name] for name in ("cpu", "memory") if name in item}
    return requests, {name: item[f"{name}Limit"] for name in ("cpu", "memory") if f"{name}Limit" in item}


def _installation(item: Json, origin: Origin) -> Installation:
    requests, limits = _resources(item["resources"])
    encoding = "" if item["accessLogs"] == "none" else item["accessLogs"]
    return Installation(
        origin,
        encoding,
        item["outbound"],
        item["normalization"],
        item["cni"],
        item["holdApplication"],
        requests,
        limits,
    )


def _audit(item: Json, origin: Origin) -> Audit:
    return Audit(item["namespace"], item["name"], item["schedule"], item["image"], item["failOn"], origin)
