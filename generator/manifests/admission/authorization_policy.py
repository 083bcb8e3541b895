"""AuthorizationPolicy: CEL of the CRD, and ValidateAuthorizationPolicy of istiod."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.findings import Finding
from generator.core.names import nearest
from generator.manifests.admission import istio
from generator.manifests.admission.spot import Spot
from generator.manifests.admission.texts import is_address_or_network

_ADDRESS_FIELDS = frozenset({"ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"})
_ACCOUNT_FIELDS = frozenset({"serviceAccounts", "notServiceAccounts"})
_OTHER_IDENTITIES = ("principals", "notPrincipals", "namespaces", "notNamespaces")
_NOT_WITH_CUSTOM = frozenset(
    {
        *("principals", "notPrincipals", "requestPrincipals", "notRequestPrincipals"),
        *("namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts"),
        *("trustDomains", "notTrustDomains"),
    }
)
_KEYS_NOT_WITH_CUSTOM = ("source.principal", "source.namespace", "source.serviceAccount", "source.trustDomain")
_LITERAL = re.compile(r"[a-zA-Z0-9._~%!$&'()+,;:@=-]+")
_ADDRESS_KEYS = frozenset({"source.ip", "remote.ip", "destination.ip"})
_PLAIN_KEYS = _ADDRESS_KEYS | {
    *("source.namespace", "source.serviceAccount", "source.principal", "source.trustDomain"),
    *("request.auth.principal", "request.auth.audiences", "request.auth.presenter"),
    *("destination.port", "connection.sni"),
}
_BRACKET_KEYS = ("request.headers", "request.auth.claims", "experimental.envoy.filters.")
_REPLACED_KEYS = {
    "destination.namespace": "put the policy into that namespace",
    "destination.labels": "use the policy's `selector`",
    "destination.name": "use the policy's `selector`",
    "destination.user": "use the policy's `selector`",
}


def rules(root: Spot) -> Iterator[Finding]:
    """Yield what istiod or the API server refuses about an AuthorizationPolicy."""
    spec = root.child("spec")
    action = spec.child("action").text or "ALLOW"
    yield from istio.attachment(spec)
    yield from _action(spec, action)
    for rule in spec.child("rules").items():
        for part, inner in (("from", "source"), ("to", "operation")):
            yield from _parts(rule.child(part), inner)
        for peer in rule.child("from").items():
            yield from _source(peer.child("source"), action)
        for target in rule.child("to").items():
            yield from _operation(target.child("operation"))
        for condition in rule.child("when").items():
            yield from _condition(condition, action)


def _action(spec: Spot, action: str) -> Iterator[Finding]:
    if action in ("DENY", "CUSTOM") and not spec.child("rules").value:
        fix = "add rules; `rules: [{}]` stands for every request"
        yield spec.child("action").refuse(f"is {action}, but there are no rules, so it never applies", fix)
    if spec.child("provider").is_set and action != "CUSTOM":
        fix = "remove it, or write `action: CUSTOM`"
        yield spec.child("provider").refuse_key(f"only goes with the action CUSTOM, not {action}", fix)
    if action == "CUSTOM" and not spec.at("provider", "name").text:
        yield spec.child("action").refuse("is CUSTOM, but there is no `provider.name`", "name the provider")


def _parts(part: Spot, inner: str) -> Iterator[Finding]:
    """An empty list or an empty matcher is refused, since it reads like "nobody" and would mean everybody."""
    fix = f"name what may match, or leave `{part.step}` out to match everything"
    if part.value == []:
        yield part.refuse("must not be an empty list", fix)
    for item in part.items():
        matcher = item.child(inner)
        if isinstance(item.value, dict) and not matcher.is_set:
            yield item.refuse(f"must have `{inner}`", fix)
        elif isinstance(matcher.value, dict) and not any(matcher.value.values()):
            yield matcher.refuse("must not be empty", fix)


def _source(source: Spot, action: str) -> Iterator[Finding]:
    if source.set_among(*_ACCOUNT_FIELDS):
        for name in source.set_among(*_OTHER_IDENTITIES):
            fix = "name the callers by service accounts alone, or by principals and namespaces"
            yield source.child(name).refuse_key("cannot stand beside service accounts", fix)
    for name, values in source.fields().items():
        yield from _no_empty_texts(values)
        if action == "CUSTOM" and name in _NOT_WITH_CUSTOM:
            yield values.refuse_key("cannot be used with the action CUSTOM", "let the provider decide on it")
        if name in _ADDRESS_FIELDS:
            yield from _addresses(values)
        if name in _ACCOUNT_FIELDS:
            yield from _accounts(values)
        if name in ("trustDomains", "notTrustDomains"):
            yield from _trust_domains(values)


def _operation(operation: Spot) -> Iterator[Finding]:
    for name, values in operation.fields().items():
        if name in ("ports", "notPorts"):
            yield from _ports(values)
            continue
        yield from _no_empty_texts(values)
        if name in ("paths", "notPaths"):
            yield from _paths(values)


def _condition(condition: Spot, action: str) -> Iterator[Finding]:
    if not isinstance(condition.value, dict):
        return
    if isinstance(condition.value.get("key"), str):
        yield from _condition_key(condition.child("key"), action)
    lists = [condition.child("values"), condition.child("notValues")]
    if not any(values.value for values in lists):
        yield condition.refuse("must have `values` or `notValues`", "add the values to compare with")
    key = condition.child("key").text
    for values in lists:
        yield from _no_empty_texts(values)
        if key in _ADDRESS_KEYS:
            yield from _addresses(values)
        elif key == "destination.port":
            yield from _ports(values)
        elif key == "source.serviceAccount":
            yield from _accounts(values)
        elif key == "source.trustDomain":
            yield from _trust_domains(values)


def _condition_key(key: Spot, action: str) -> Iterator[Finding]:
    text = key.text
    replaced = text.partition("[")[0]
    if action == "CUSTOM" and (text in _KEYS_NOT_WITH_CUSTOM or text.startswith("request.auth.")):
        yield key.refuse(f"is {text}, which cannot be used with the action CUSTOM", "let the provider decide on it")
    if text in _PLAIN_KEYS or (text.startswith(_BRACKET_KEYS) and _has_brackets(text)):
        return
    if replaced in _REPLACED_KEYS:
        yield key.refuse(f"is {text}, which istiod no longer knows", _REPLACED_KEYS[replaced])
    elif text.startswith(_BRACKET_KEYS):
        yield key.refuse(f"is {text}, without a name in brackets", f"write {text.partition('[')[0]}[name]")
    else:
        close = nearest(replaced, {*_PLAIN_KEYS, *_BRACKET_KEYS})
        known = ", ".join([*sorted(_PLAIN_KEYS), "request.headers[name]", "request.auth.claims[name]"])
        yield key.refuse(
            f"is {text!r}, which is no known key", f"did you mean {close!r}?" if close else f"known: {known}"
        )


def _has_brackets(key: str) -> bool:
    return key.endswith("]") and 0 < key.find("[") < len(key) - 2


def _no_empty_texts(values: Spot) -> Iterator[Finding]:
    fix = 'remove it; "*" stands for any value that is there'
    if str(values.step).startswith("not"):
        fix = 'remove it; to ask for any value at all, write "*" in the field without `not`'
    for value in values.texts():
        if not value.value:
            yield value.refuse("must not be an empty text", fix)


def _addresses(values: Spot) -> Iterator[Finding]:
    for value in values.texts():
        if value.text and not is_address_or_network(value.text):
            yield value.refuse(
                f"is {value.text!r}, which is neither an IP address nor a CIDR",
                "write an address, or a range such as 10.0.0.0/8",
            )


def _accounts(values: Spot) -> Iterator[Finding]:
    for value in values.texts():
        parts = value.text.split("/")
        if value.text and ("*" in value.text or not all(parts) or len(parts) > 2):
            fix = "write `account` or `namespace/account`, without wildcards"
            yield value.refuse(f"is {value.text!r}, which is no service account", fix)


def _ports(values: Spot) -> Iterator[Finding]:
    for value in values.texts():
        if value.text.isdecimal() and int(value.text) > 65535:
            yield value.refuse(f"is {value.text}, which is no port", "write a port between 1 and 65535")


def _paths(values: Spot) -> Iterator[Finding]:
    for value in values.texts():
        if not _is_path(value.text):
            fix = "in a template use `{*}` for one segment and `{**}` for the rest, once, and no other braces"
            yield value.refuse(f"is {value.text!r}, which is no valid path template", fix)


def _is_path(path: str) -> bool:
    """Tell whether istiod takes *path*: braces are templates only, and no star stands beside a template."""
    is_template, has_rest = "{*}" in path or "{**}" in path, False
    for segment in path.strip("/").split("/"):
        if segment in ("{*}", "{**}"):
            if has_rest:
                return False
            has_rest = segment == "{**}"
        elif set(segment) & {"{", "}"} or (is_template and not _LITERAL.fullmatch(segment)):
            return False
    return True


def _trust_domains(values: Spot) -> Iterator[Finding]:
    for value in values.texts():
        if "/" in value.text or value.text.count("*") > 1 or "*" in value.text[1:-1]:
            fix = "write a trust domain such as cluster.local, with at most one `*`, at the beginning or the end"
            yield value.refuse(f"is {value.text!r}, which is no trust domain", fix)
