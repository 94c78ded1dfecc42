"""The contract of an API over gRPC, compiled, so that the judge can read what is sent."""

import shutil
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from samplegen.errors import SamplegenError
from samplegen.judge.machine import processes
from samplegen.judge.machine.processes import Processes
from samplegen.judge.servers.proxy.documents import Undecodable
from samplegen.judge.servers.proxy.protobuf import Contract

_SECONDS = 60
_PROTOC = "protoc"
INSTALL = "pip install grpcio-tools"


@cache
def compiled(proto: Path) -> Contract:
    """The contract in a file.

    Raises:
        SamplegenError: There is no compiler, or it finds mistakes.
    """
    compiler = _compiler()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = folder / "contract.bin"
        command = [
            *compiler,
            f"--proto_path={proto.absolute().parent}",
            "--include_imports",
            f"--descriptor_set_out={made}",
            proto.name,
        ]
        env = processes.environment(folder)
        outcome = Processes().run(command, folder, env, _SECONDS)
        if outcome.status != 0:
            lines = (outcome.stderr or outcome.stdout).strip().splitlines()
            raise SamplegenError(f"{proto}: {lines[0] if lines else 'protoc failed'}")
        try:
            return Contract(made.read_bytes())
        except Undecodable as error:
            raise SamplegenError(f"{proto}: {error}") from error


def _compiler() -> list[str]:
    """What compiles a contract: protoc, or that which a package of Python brings."""
    if shutil.which(_PROTOC):
        return [_PROTOC]
    if find_spec("grpc_tools") is not None:
        return [sys.executable, "-m", "grpc_tools.protoc"]
    raise SamplegenError(f"protoc is missing; type: {INSTALL}")
