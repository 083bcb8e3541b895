"""Put the peers into `.bench/`, each into an environment of its own, and kubeconform where the judges lie.

python -m tests.bench.peers.install [NAME…]    all of them, or those named; what is there is left alone
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from contextlib import redirect_stdout

from tests.bench.kubeconform import KUBECONFORM
from tests.bench.peers.peer import Peer
from tests.bench.peers.registry import PEERS
from tests.judges import install as judges
from tests.judges.installed import find

_ENOUGH_SECONDS = 600


def install(wanted: Sequence[str] = ()) -> dict[str, str]:
    """Install what is not there yet, of *wanted* or of everybody; return why others cannot be had, by name."""
    missing = {}
    for peer in PEERS:
        if (not wanted or peer.name in wanted) and not peer.is_installed:
            reason = _pip(peer)
            if reason:
                missing[peer.name] = reason
    if (not wanted or KUBECONFORM in wanted) and not find(KUBECONFORM):
        with redirect_stdout(io.StringIO()) as said:
            is_missing = judges.main([KUBECONFORM])
        if is_missing:
            missing[KUBECONFORM] = said.getvalue().strip().rpartition("skipped: ")[2]
    return missing


def missing() -> dict[str, str]:
    """Return who is not installed, by name, with that as the reason."""
    names = [peer.name for peer in PEERS if not peer.is_installed]
    return dict.fromkeys([*names, *([] if find(KUBECONFORM) else [KUBECONFORM])], "it is not installed")


def _pip(peer: Peer) -> str:
    """Make the environment of *peer* anew; return why that cannot be done, or nothing."""
    shutil.rmtree(peer.home, ignore_errors=True)
    command = [str(peer.home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        venv.create(peer.home, with_pip=True)
        done = subprocess.run(
            [*command, peer.requirement], capture_output=True, text=True, check=False, timeout=_ENOUGH_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return f"pip cannot install {peer.requirement}: {lines[-1] if lines else 'it does not say why'}"
    peer.stamp.write_text(peer.requirement, "utf-8")
    return ""


def main(arguments: Sequence[str]) -> int:
    """Install, and say of each whether it is there; 1 if a name is unknown."""
    known = [*(peer.name for peer in PEERS), KUBECONFORM]
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"nobody is called {', '.join(unknown)}; there are {', '.join(known)}")
        return 1
    missing = install(arguments)
    for name in arguments or known:
        print(f"{name}: skipped: {missing[name]}" if name in missing else f"{name}: there")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
