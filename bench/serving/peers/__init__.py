"""The servers that the benchmark compares with, each in an environment of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

OPENVINO = "openvino==2026.4.1"

RESOURCE_TRACKER = """\
# Triton's stub brings an interpreter of its own, whose locks may lack what the standard library
# that it finds expects of them.
import threading
from multiprocessing import resource_tracker

if not hasattr(threading.RLock(), "_recursion_count"):
    resource_tracker._resource_tracker._lock = threading._PyRLock()
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to compare with."""

    name: str
    requirement: str
    script: str
    has_binary: bool = True
    """Does its REST know the binary tensor extension?"""
    sitecustomize: str = ""
    """What its interpreter has to run first."""


PEERS = (
    Peer("MLServer", "mlserver==1.7.1", "run_mlserver.py", has_binary=False),
    Peer("KServe", "kserve==0.21.0", "run_kserve.py"),
    Peer("pytriton", "nvidia-pytriton==0.7.0", "run_pytriton.py", sitecustomize=RESOURCE_TRACKER),
)


@dataclass(frozen=True, slots=True)
class PeerModel:
    """A model that a peer is to serve."""

    name: str
    file: str
    options: Mapping[str, str]
    """OpenVINO's, the same as the bundled server uses."""
    large: bool
    """Is it to run in a thread?"""


def default_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "samplegen-bench-peers"


def python(folder: Path, peer: Peer) -> Path:
    return folder / peer.name / "bin" / "python"


def is_installed(folder: Path, peer: Peer) -> bool:
    return (folder / peer.name / "installed").exists()


def install(folder: Path) -> bool:
    """Make the peers' environments; one that cannot be made is named. Says if all are there."""
    for peer in PEERS:
        if is_installed(folder, peer):
            continue
        print(f"installing {peer.name} below {folder} …", flush=True)
        try:
            _install(folder, peer)
        except subprocess.CalledProcessError as error:
            print(f"{peer.name} cannot be installed: {error}")
    return all(is_installed(folder, peer) for peer in PEERS)


def _install(folder: Path, peer: Peer) -> None:
    home = folder / peer.name
    interpreter = str(python(folder, peer))
    subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
    packages = [peer.requirement, OPENVINO]
    subprocess.run([interpreter, "-m", "pip", "install", "--quiet", *packages], check=True)
    if peer.sitecustomize:
        where = "import sysconfig; print(sysconfig.get_path('purelib'))"
        printed = subprocess.run(
            [interpreter, "-c", where], check=True, capture_output=True, text=True
        ).stdout
        (Path(printed.strip()) / "sitecustomize.py").write_text(peer.sitecustomize)
    (home / "installed").touch()


def command(
    folder: Path, peer: Peer, port: int, rest_port: int, models: Sequence[PeerModel]
) -> list[str]:
    """The command that starts a peer with these models."""
    script = Path(__file__).parent / peer.script
    listed = json.dumps([asdict(model) for model in models])
    return [str(python(folder, peer)), str(script), str(port), str(rest_port), listed]
