"""What proxies report: expressions that Envoy would ignore in silence are refused, and so are two opinions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from generator.core.findings import Finding
from generator.core.names import suggestion
from generator.core.places import Place
from generator.model.traffic import Telemetry

_PEER_CERTIFICATE = (
    "subject_local_certificate",
    "subject_peer_certificate",
    "dns_san_local_certificate",
    "dns_san_peer_certificate",
    "uri_san_local_certificate",
    "uri_san_peer_certificate",
    "sha256_peer_certificate_digest",
)
_FIELDS = {
    "request": (
        *("path", "url_path", "host", "scheme", "method", "headers", "referer", "useragent", "time", "id"),
        *("protocol", "query", "duration", "size", "total_size"),
    ),
    "response": (
        *("code", "code_details", "flags", "grpc_status", "headers", "trailers", "size", "total_size"),
        "backend_latency",
    ),
    "source": ("address", "port"),
    "destination": ("address", "port"),
    "connection": (
        *("id", "mtls", "requested_server_name", "tls_version", "transport_failure_reason", "termination_details"),
        *_PEER_CERTIFICATE,
    ),
    "upstream": (
        *("address", "port", "tls_version", "local_address", "transport_failure_reason", "locality"),
        *("request_attempt_count", "cx_pool_ready_duration", *_PEER_CERTIFICATE),
    ),
}
"""Attributes with fixed fields (Envoy: Attributes, as its CEL context offers them)."""

_MAPS = frozenset({"metadata", "filter_state", "upstream_filter_state", "xds", "node", "listener_metadata"}) | {
    "cluster_name",
    "cluster_metadata",
    "listener_direction",
    "route_name",
    "route_metadata",
    "upstream_host_metadata",
}


def merged(written: Iterable[Telemetry]) -> tuple[tuple[Telemetry, ...], list[Finding]]:
    """Return one Telemetry for each namespace, and MG025 where two differ.

    Istio takes one object without a selector for each namespace; of two it takes any.
    """
    found: dict[str, Telemetry] = {}
    findings: list[Finding] = []
    for one in sorted(written, key=lambda item: (item.namespace, item.origin.place)):
        known = found.get(one.namespace)
        if known is None:
            found[one.namespace] = one
            continue
        findings += _differences(known, one)
        found[one.namespace] = replace(
            known,
            access_logs=known.access_logs or one.access_logs,
            log_filter=known.log_filter or one.log_filter,
            sampling=one.sampling if known.sampling is None else known.sampling,
            tracing_provider=known.tracing_provider or one.tracing_provider,
            tags={**one.tags, **known.tags},
            removed=tuple(sorted({*known.removed, *one.removed})),
            places={**one.places, **known.places},
            others=(*known.others, one.origin),
        )
    return tuple(found.values()), findings


def _differences(first: Telemetry, second: Telemetry) -> Iterator[Finding]:
    pairs = {
        "accessLogs.filter": (first.log_filter, second.log_filter)
        if first.access_logs and second.access_logs
        else ("", ""),
        "tracing.sampling": (first.sampling, second.sampling),
        "tracing.provider": (first.tracing_provider, second.tracing_provider),
    }
    pairs |= {f"metrics.tags.{name}": (first.tags[name], second.tags[name]) for name in first.tags.keys() & second.tags}
    pairs |= {f"metrics.tags.{name}": ("set", "removed") for name in first.tags.keys() & set(second.removed)}
    pairs |= {f"metrics.tags.{name}": ("removed", "set") for name in second.tags.keys() & set(first.removed)}
    for name, (one, other) in sorted(pairs.items()):
        is_said_twice = one not in (None, "") and other not in (None, "")
        if one != other and (is_said_twice or name == "accessLogs.filter"):
            message = f"two profiles say {name} of {_where(second)}: {one!r} and {other!r}"
            related = ((first.places.get(name, first.origin.place), "the other one"),)
            place = second.places.get(name, second.origin.place)
            yield Finding("MG025", message, place, "one object holds both: say it in one of them", related=related)


def _where(one: Telemetry) -> str:
    return f"the namespace {one.namespace!r}" if one.namespace else "the whole mesh"


def check_telemetry(found: Iterable[Telemetry]) -> list[Finding]:
    """Return the expressions that Envoy would not understand (MG012)."""
    findings: list[Finding] = []
    for one in found:
        written = {"accessLogs.filter": one.log_filter}
        written |= {f"metrics.tags.{name}": value for name, value in one.tags.items()}
        for name, expression in written.items():
            if expression:
                findings += _check(name, expression, one.places.get(name, one.origin.place))
    return findings


def _check(name: str, expression: str, place: Place) -> Iterator[Finding]:
    from generator.core.cel import NotCel, attributes  # noqa: PLC0415  (start-up: only what a run needs)

    try:
        read = attributes(expression)
    except NotCel as error:
        message = f"`{name}` is no expression of the Common Expression Language: {error}"
        fix = 'write it as response.code >= 400, or has(request.headers.x) ? request.headers.x : "none"'
        yield Finding("MG012", message, place, fix)
        return
    for chain in read:
        if chain[0] in _FIELDS:
            fields = _FIELDS[chain[0]]
            if len(chain) > 1 and chain[1] not in fields:
                message = f"`{name}` reads {'.'.join(chain[:2])!r}, which Envoy does not have"
                yield Finding("MG012", message, place, suggestion(chain[1], fields))
        elif chain[0] not in _MAPS:
            message = f"`{name}` reads {chain[0]!r}, which Envoy does not have"
            yield Finding("MG012", message, place, suggestion(chain[0], {*_FIELDS, *_MAPS}))
