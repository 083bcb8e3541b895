"""What an intent must not ask for, and where each refusal points."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.intent.raw import BASE, findings, found, marked

WEB = "{workload: web, namespace: shop}"
API = "{workload: api, namespace: shop}"
DB = "{workload: db, namespace: shop}"
JOB = "{workload: job, namespace: batch}"
TLS = "{number: 443, protocol: tcp}"
ISSUER = "{name: a, namespace: shop, workload: api, issuer: https://me, audiences: [b], jwksUri: https://example.com/k"

FLAWS = {
    "unknown client": f"flows:\n  - {{from: {{workload: wbe, namespace: shop}}, to: {API}}} # MG020\n",
    "unknown server": f"flows:\n  - {{from: {WEB}, to: {{workload: apu, namespace: shop}}}} # MG020\n",
    "both ends": "flows:\n"
    "  - from: {workload: a, namespace: shop} # MG020\n    to: {workload: b, namespace: shop} # MG020\n",
    "unknown profile": f"flows:\n  - {{from: {WEB}, to: {{profile: payments, service: api}}}} # MG020\n",
    "unknown service": f"flows:\n  - {{from: {WEB}, to: {{profile: raw-0, service: apu}}}} # MG020\n",
    "unknown gateway": f"flows:\n  - {{from: {{gateway: pubic}}, to: {WEB}}} # MG023\n",
    "unknown port": f"flows:\n  - {{from: {WEB}, to: {API}, ports: [http]}} # MG024\n",
    "port of another": f"flows:\n  - {{from: {WEB}, to: {API}, ports: [8080]}} # MG024\n",
    "no port at all": f"flows:\n  - {{from: {WEB}, to: {JOB}}} # MG024\n",
    "all ports to anyone": f"flows:\n  - {{from: {{anyone: true}}, to: {WEB}, ports: all}} # MG027 MG027\n",
    "every address": f'flows:\n  - {{from: {WEB}, to: {{cidrs: ["0.0.0.0/0"]}}, ports: [{TLS}]}} # MG027\n',
    "methods on TCP": f"flows:\n  - {{from: {WEB}, to: {DB}, methods: [GET]}} # MG028\n",
    "paths outside the mesh": "  - {namespace: shop, name: old, mesh: none, ports: [{number: 80, protocol: http}]}\n"
    f"flows:\n  - {{from: {WEB}, to: {{workload: old, namespace: shop}}, paths: [/]}} # MG028\n",
    "caller without identity": f"flows:\n  - {{from: {JOB}, to: {API}}} # MG027\n",
    "plaintext on all ports": f"flows:\n  - {{from: {JOB}, to: {API}, ports: all, plaintext: no sidecar}} # MG027\n",
    "plaintext on all ports of a namespace": "flows:\n"
    f"  - {{from: {JOB}, to: {{namespaces: [shop]}}, ports: all, plaintext: no sidecar}} # MG027\n",
    "token without issuer": f"flows:\n  - {{from: {WEB}, to: {API}, token: login}} # MG028\n",
    "token without flow": f"tokens:\n  - {ISSUER}}} # MG028\n",
    "token with two key sets": "tokens:\n"
    f"""  - {ISSUER}, jwks: '{{"keys": []}}'}} # MG028\n"""
    f"flows:\n  - {{from: {WEB}, to: {API}, token: a}}\n",
    "host without addresses": "externals:\n"
    "  - {name: mail, namespace: shop, host: smtp.example.com, port: 25, protocol: tls, tls: application} # MG027\n",
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_is_refused_at_its_line(flaw: str, tmp_path: Path) -> None:
    intent = BASE + FLAWS[flaw]
    refused = findings(tmp_path, intent)
    assert found(refused) == list(dict.fromkeys(marked(intent))) or found(refused) == marked(intent)
    assert all(one.message and one.fix for one in refused)


DEEP = """\
namespaces:
  - {name: deep, mesh: ambient, waypoint: create}
workloads:
  - {namespace: deep, name: a, ports: [{number: 80, protocol: http}]}
  - {namespace: deep, name: b}
flows:
  - {from: {workload: b, namespace: deep}, to: {workload: a, namespace: deep}}
"""


@pytest.mark.parametrize(
    "flow",
    [
        f"{{from: {JOB}, to: {{namespaces: [deep]}}, ports: [{TLS}], plaintext: no sidecar yet}}",
        "{from: {anyone: true}, to: {workload: a, namespace: deep}, plaintext: nobody knows who calls}",
        "{from: {anyone: true}, to: {namespaces: [deep]}, ports: [{number: 80, protocol: http}], plaintext: who knows}",
    ],
)
def test_what_comes_in_plaintext_past_a_waypoint_is_refused(flow: str, tmp_path: Path) -> None:
    intents = (BASE, f"{DEEP}  - {flow} # MG028\n")
    assert found(findings(tmp_path, *intents)) == marked(*intents)


def test_all_flaws_of_a_kind_come_in_one_run(tmp_path: Path) -> None:
    flows = [FLAWS[name].removeprefix("flows:\n") for name in ("unknown client", "unknown gateway", "unknown port")]
    intent = BASE + "flows:\n" + "".join(flows)
    assert found(findings(tmp_path, intent)) == marked(intent)


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("{workload: wbe, namespace: shop}", "did you mean 'web'?"),
        ("{workload: web, namespace: shpo}", "none is declared here"),
        ("{profile: raw-1, service: web}", "did you mean 'raw-0'? Otherwise render its file in the same run"),
        ("{profile: raw-0, service: wbe}", "did you mean 'web'?"),
        ("{gateway: pubic}", "did you mean 'public'?"),
        ("{gateway: zzz}", "known: public"),
    ],
)
def test_the_nearest_name_is_offered(written: str, fix: str, tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, f"{BASE}flows:\n  - {{from: {written}, to: {API}}}\n")
    assert finding.fix == fix


def test_a_namespace_that_nobody_declares(tmp_path: Path) -> None:
    intent = BASE + "  - {namespace: shpo, name: late, ports: []} # MG021\n"
    (finding,) = findings(tmp_path, intent)
    assert found((finding,)) == marked(intent)
    assert finding.fix == "did you mean 'shop'?"


def test_facts_that_the_environment_does_not_know(tmp_path: Path) -> None:
    flows = (
        f"  - {{from: {{gateway: public}}, to: {API}}} # MG029\n  - {{from: {WEB}, to: {{apiServer: true}}}} # MG029\n"
    )
    intent = f"{BASE}flows:\n{flows}"
    assert found(findings(tmp_path, intent, environment="generic")) == marked(intent)


def test_accounts_that_tell_nobody_apart(tmp_path: Path) -> None:
    shared = BASE.replace("name: web,", "name: web, serviceAccounts: [both],").replace(
        "name: db,", "name: db, serviceAccounts: [both],"
    )
    intent = f"{shared}flows:\n  - {{from: {WEB}, to: {API}}} # MG030\n"
    (finding,) = findings(tmp_path, intent)
    assert found((finding,)) == marked(intent)
    assert "shares the ServiceAccount 'both' with db" in finding.message
    default = BASE.replace("name: web,", "name: web, serviceAccounts: [default],")
    intent = f"{default}flows:\n  - {{from: {WEB}, to: {API}}} # MG030\n"
    assert found(findings(tmp_path, intent)) == marked(intent)
    for caveat, text in (("shared-service-account", shared), ("default-service-account", default)):
        accept = f"accept:\n  - {{caveat: {caveat}, reason: it is an old one}}\n"
        assert findings(tmp_path, f"{text}flows:\n  - {{from: {WEB}, to: {API}}}\n{accept}") == ()


def test_what_is_accepted_or_stated_renders(tmp_path: Path) -> None:
    host = FLAWS["host without addresses"].replace(" # MG027", "")
    accept = "accept:\n  - {caveat: host-without-addresses, reason: none are published}\n"
    assert findings(tmp_path, BASE + host + accept) == ()
    assert findings(tmp_path, f"{BASE}flows:\n  - {{from: {JOB}, to: {DB}, plaintext: has no sidecar yet}}\n") == ()


def test_an_acceptance_holds_for_its_own_profile(tmp_path: Path) -> None:
    host = FLAWS["host without addresses"]
    other = "namespaces:\n  - name: mall\naccept:\n  - {caveat: host-without-addresses, reason: none are published}\n"
    assert found(findings(tmp_path, BASE + host, other)) == marked(BASE + host, other)
