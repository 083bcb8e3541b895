"""Every finding's code: a word for it, and what it means. A code is for ever; retired ones stay listed.

MG0xx reading and intent, MG6xx rendered or imported manifests. MG1xx to MG5xx belong to
the rules about hand-written policies. MG7xx is the proof: intent against effect.
"""

from __future__ import annotations

from generator.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of mistake."""

    code: str
    title: str
    meaning: str


NOT_DONE = "MG009"
"""The code of an error that is no finding in a file."""

CODES: dict[str, Code] = {
    code: Code(code, title, meaning)
    for code, title, meaning in [
        ("MG001", "unreadable file", "A file or folder named on the command line, or by `use`, cannot be read."),
        ("MG002", "not YAML", "The text breaks the rules of YAML; the place is where the parser gave up."),
        ("MG003", "duplicate key", "A mapping holds a key twice. Most readers would silently keep the last one."),
        (
            "MG004",
            "ambiguous value",
            "A word without quotes that YAML 1.1 and YAML 1.2 read differently: on, yes, 0777, 1e3, 12:30:45. "
            "kubectl and your editor would not agree on it. Quote it if you mean the text.",
        ),
        ("MG005", "too much", "A limit on size, nesting, aliases or documents, which keeps hostile input in bounds."),
        ("MG006", "encoding", "The file is not UTF-8 text, or holds control characters."),
        ("MG007", "no document", "The file holds nothing that could be a profile or an environment."),
        ("MG008", "tag or key", "YAML tags, and keys that are lists or mappings, have no meaning in these files."),
        (
            NOT_DONE,
            "not done",
            "The command could not do what it was asked: an option or a name is wrong, a tool is missing, a file "
            "cannot be written. Only reports for programs carry this code.",
        ),
        ("MG010", "unknown profile type", "`profile:` names no type; `meshgen profiles` lists them."),
        ("MG011", "unknown field", "A field that this profile type or environment does not have."),
        ("MG012", "wrong value", "A value of the wrong type, or outside of what is allowed there."),
        ("MG013", "missing field", "A field that must be there is not."),
        ("MG014", "template failed", "A template, or a profile type's intent.yaml.j2, did not render."),
        ("MG015", "override", "--set does not say which value of which profile it changes."),
        ("MG020", "unknown workload", "A flow speaks of a workload or profile that nobody declares."),
        ("MG021", "unknown namespace", "A workload lies in a namespace that no profile of the run declares."),
        (
            "MG022",
            "unknown environment",
            "`environment:` names no preset and no file; `meshgen env` lists the presets.",
        ),
        ("MG023", "unknown gateway", "The environment has no gateway of that name."),
        ("MG024", "unknown port", "A flow does not say which port, or says one that its server does not have."),
        ("MG025", "conflict", "Two profiles, or two entries of one, say different things of the same object."),
        (
            "MG027",
            "weaker than asked",
            "What could be rendered would let more through than the profile says. Mend it, or accept the caveat with a "
            "reason where there is one.",
        ),
        ("MG028", "impossible", "No object could do what is asked: HTTP rules on a TCP port, tokens outside the mesh."),
        (
            "MG029",
            "fact unknown",
            "The bundle needs a fact that the environment does not state. Save `meshgen env NAME`, fill it in "
            "and name the file as the profile's environment.",
        ),
        (
            "MG030",
            "identity shared",
            "Callers are admitted by ServiceAccount, and another workload, or every pod, has the same one.",
        ),
        (
            "MG031",
            "no consent",
            "A flow leads into a namespace whose own profile demands to be asked (a tenant, by its `shares`), and that "
            "profile does not open it.",
        ),
        (
            "MG034",
            "unknown cluster",
            "A profile speaks of a cluster that is none of the mesh's, or is for other clusters than the one it is "
            "rendered for. `cluster` and `clusters` of the environment say which there are.",
        ),
        (
            "MG036",
            "secret",
            "A private key stands in a profile, and profiles lie in repositories. Name the Secret that holds it.",
        ),
        (
            "MG041",
            "ignore not understood",
            "A `# meshgen: ignore` comment without a code, without a reason, or with an `until` that is no date. It "
            "hides nothing. Write: # meshgen: ignore[MG101] the reason, until=2027-03-01",
        ),
        ("MG042", "ignore expired", "The day named by `until` is over: what the comment hid is shown again."),
        (
            "MG043",
            "unknown code ignored",
            "An ignore comment names a code that nothing has, or that cannot be ignored.",
        ),
        ("MG044", "ignore without effect", "An ignore comment names a code that is not found where it stands."),
        ("MG045", "baseline out of date", "An entry of the baseline no longer occurs."),
        ("MG046", "not a baseline", "The file given by --baseline cannot be read, or is none that meshgen wrote."),
        (
            "MG047",
            "remote resource",
            "A kustomization fetches something from elsewhere. meshgen reads only what lies on this disk.",
        ),
        (
            "MG048",
            "bundle missing",
            "Nothing of a bundle that must be there is among the objects. The usual cause is a generator that did not "
            "run: `kubectl kustomize --enable-alpha-plugins` leaves exec functions out without a word.",
        ),
        (
            "MG049",
            "in the way",
            "A function would put an object into the list that is there already, and that it did not make.",
        ),
        ("MG601", "schema", "A document breaks the schema of its kind."),
        ("MG602", "refused at admission", "The API server or istiod's webhook would refuse the document."),
        ("MG603", "no schema", "There is no schema for a kind, so it was not checked."),
        ("MG604", "not a CRD", "What is to be imported is no CustomResourceDefinition."),
        ("MG701", "lost", "A connection that the profile asks for, and that the rendered policies of one layer block."),
        ("MG702", "excess", "A connection that the rendered policies let through, and that no profile asks for."),
        (
            "MG703",
            "weaker",
            "A caller gets in without the identity that was asked for: mutual TLS is not demanded where it should be.",
        ),
        ("MG605", "another object", "A template printed something else than the object that it was asked for."),
    ]
}
