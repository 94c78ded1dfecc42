"""Write the protobuf messages of the wire contract, ``spec/inference.proto``, as Python.

Run ``python server/make_stubs.py`` after a change of the contract. The service itself needs no
generated code: ``rpc.py`` reads it from the descriptor.
"""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = "samplegen_server/proto/inference.proto"


def make_stubs(out: Path) -> None:
    """Write ``samplegen_server/proto/inference_pb2.py`` below `out`."""
    (out / PROTO).parent.mkdir(parents=True, exist_ok=True)
    status = protoc.main(
        [
            "protoc",
            f"-Isamplegen_server/proto={ROOT / 'spec'}",
            f"-I{files('grpc_tools') / '_proto'}",
            f"--python_out={out}",
            PROTO,
        ]
    )
    if status != 0:
        sys.exit(f"protoc failed with status {status}")


if __name__ == "__main__":
    make_stubs(ROOT / "server")
