"""Makes the stubs of all protos in this folder, beside them."""

import sys
from importlib.util import find_spec
from pathlib import Path

from grpc_tools import protoc

places = [Path(protoc.__file__).parent / "_proto", Path()]
if (common := find_spec("google.api")) is not None:
    places += [Path(place).parents[1] for place in common.submodule_search_locations or ()]
included = [f"-I{place}" for place in places]
ready = {".venv", "google"}  # packages have the stubs of the latter
protos = sorted(str(path) for path in Path().glob("**/*.proto") if path.parts[0] not in ready)
sys.exit(protoc.main(["protoc", *included, "--python_out=.", "--grpc_python_out=.", *protos]))
