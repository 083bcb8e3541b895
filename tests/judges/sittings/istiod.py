"""The judges are istiod's webhook and analyzers, as istioctl carries them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from generator.core.yaml_reader import read_documents
from generator.manifests import admission, schema
from tests.judges import analyzed
from tests.judges.bundles import EXAMPLES, Object, rendered
from tests.judges.installed import ISTIOD, find, istio
from tests.judges.istioctl import messages, refusals
from tests.judges.results import Result
from tests.judges.sittings.admission import right
from tests.judges.surroundings import with_surroundings

RULES = Path(__file__).parents[1] / "webhook.yaml"
API = {
    "AuthorizationPolicy": "security.istio.io/v1",
    "PeerAuthentication": "security.istio.io/v1",
    "RequestAuthentication": "security.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "ServiceEntry": "networking.istio.io/v1",
    "Sidecar": "networking.istio.io/v1",
    "Telemetry": "telemetry.istio.io/v1",
}
LEVELS = ("Warning", "Error")
PASSED_OVER = {
    "IST0128": "unset caCertificates no longer mean unverified: proxies then use the system's authorities",
    "IST0129": "unset caCertificates no longer mean unverified: proxies then use the system's authorities",
    "IST0101 Referenced credentialName": "the certificate of a gateway is a Secret, which comes from elsewhere",
    "IST0133": "it warns of every EnvoyFilter; those that we render name the version of the proxies they are for",
}
"""Analyzers that are not asked, and why."""


def sit() -> Result:
    """Show them every document of every bundle, and one wrong document for each of their rules."""
    if find("istioctl") is None or not ISTIOD.exists():
        return Result(skipped="istioctl or the program around istiod not installed")
    good = [(name, one) for name, one in right() if "istio.io" in one["apiVersion"]]
    refused = [
        f"{name}: {reason}" for (name, _), reason in zip(good, refusals(one for _, one in good), strict=True) if reason
    ]
    said = of_examples({example: rendered(example).objects for example in EXAMPLES})
    rules, bundles = list(corpus()), analyzed.corpus()
    wrong = [*_of_rules(rules), *_of_analyzers(bundles)]
    return Result(
        version=f"istioctl and analyzers of {istio('istioctl')}",
        counts={
            "documents of Istio, all valid to the webhook": len(good) - len(refused),
            "bundles without a message of the analyzers": len(EXAMPLES) - len({one.partition(":")[0] for one in said}),
            "rules of the webhook, each with a wrong document that we refuse too": sum(
                1 for one, _ in rules if "ours" not in one
            ),
            "rules of the webhook that are not ours, with the reason beside them": sum(
                1 for one, _ in rules if "ours" in one
            ),
            "wrong bundles for the analyzers, each with the message that we have a rule for": sum(
                1 for one in bundles if one.ours
            ),
            "wrong bundles for the analyzers that we have no rule for, with the reason in the file": sum(
                1 for one in bundles if one.reason
            ),
            "messages of the analyzers that no object of ours could bring up": len(analyzed.elsewhere()),
        },
        decisions=len(good) + len(EXAMPLES) + len(rules) + len(bundles),
        open=(*refused, *said, *wrong),
        remarks=tuple(f"{code} is passed over: {reason}." for code, reason in PASSED_OVER.items()),
    )


def of_examples(bundles: Mapping[str, Sequence[Object]]) -> list[str]:
    """Return what the analyzers have against *bundles* of the examples, beside the workloads that they are for."""
    said = messages([with_surroundings(rendered(example), objects) for example, objects in bundles.items()])
    return [
        f"{example}: {one.code} {one.text} ({one.origin})"
        for example, found in zip(bundles, said, strict=True)
        for one in found
        if one.level in LEVELS and not f"{one.code} {one.text}".startswith(tuple(PASSED_OVER))
    ]


def corpus() -> Iterator[tuple[Object, Object]]:
    """Yield each entry of `webhook.yaml`, and its document."""
    for kind, entries in yaml.safe_load(RULES.read_text("utf-8")).items():
        for entry in entries:
            metadata = {"name": "wrong", "namespace": "shop"}
            yield entry, {"apiVersion": API[kind], "kind": kind, "metadata": metadata, "spec": entry["spec"]}


def is_refused(document: Object) -> bool:
    """Tell whether we refuse *document*."""
    documents, findings = read_documents(yaml.safe_dump(document).encode(), "wrong.yaml")
    return bool(findings or [one for each in documents for one in schema.check(each) + admission.check(each)])


def _of_analyzers(bundles: list[analyzed.Analyzed]) -> Iterator[str]:
    """Yield bundles that they do not say it of, or we do not, and messages that nobody has looked at."""
    for one, said in zip(bundles, messages([one.objects for one in bundles]), strict=True):
        theirs, ours = {message.code for message in said}, one.found()
        if one.theirs not in theirs:
            yield f"istiod does not say {one.theirs} of {one.path.name}, but {sorted(theirs)}"
        if (one.ours not in ours) if one.ours else ours:
            yield f"{one.path.name}: {one.ours or 'nothing'} was expected of us, and we say {sorted(ours)}"
    yield from (f"{code}: no bundle and no reason is about it" for code in analyzed.unheard_of())


def _of_rules(rules: list[tuple[Object, Object]]) -> Iterator[str]:
    for (entry, document), reason in zip(rules, refusals(one for _, one in rules), strict=True):
        what = f"{document['kind']} {document['spec']}"
        if entry["theirs"] not in reason:
            yield f"istiod does not say {entry['theirs']!r} of {what}, but {reason!r}"
        if is_refused(document) == ("ours" in entry):
            yield f"{'we refuse it' if 'ours' in entry else 'we do not refuse it'}: {what} ({entry['theirs']})"
