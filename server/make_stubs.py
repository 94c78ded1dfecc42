"""Write the server's protobuf messages as Python: the wire contract's, and those of graph files.

Run ``python server/make_stubs.py`` after a change of ``spec/inference.proto`` or of
``server/samplegen_server/proto/graph.proto``. The service itself needs no
generated code: ``rpc.py`` reads it from the descriptor.
"""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ("samplegen_server/proto/inference.proto", "samplegen_server/proto/graph.proto")
FOLDERS = (ROOT / "spec", ROOT / "server/samplegen_server/proto")


def make_stubs(out: Path) -> None:
    """Write ``samplegen_server/proto/inference_pb2.py`` and ``graph_pb2.py`` below `out`."""
    (out / "samplegen_server/proto").mkdir(parents=True, exist_ok=True)
    status = protoc.main(
        [
            "protoc",
            *(f"-Isamplegen_server/proto={folder}" for folder in FOLDERS),
            f"-I{files('grpc_tools') / '_proto'}",
            f"--python_out={out}",
            *PROTOS,
        ]
    )
    if status != 0:
        sys.exit(f"protoc failed with status {status}")


if __name__ == "__main__":
    make_stubs(ROOT / "server")
