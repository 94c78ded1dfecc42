# Ask which versions of a model are served, and for the name, datatype and shape of its
# inputs and outputs.

import sys

import tritonclient.grpc as grpcclient


def main() -> None:
    with grpcclient.InferenceServerClient("localhost:9000") as client:
        metadata = client.get_model_metadata(
            "dummy",
            model_version="1",
            client_timeout=10,
        )
    print(f"name: {field(metadata, 'name')}")
    print("versions:", *metadata.versions)
    print(f"platform: {metadata.platform}")
    for tensor in metadata.inputs:
        print(f"input {signature(tensor)}")
    for tensor in metadata.outputs:
        print(f"output {signature(tensor)}")


def field(answer, name: str):
    """A field of the answer, which must be set."""
    value = getattr(answer, name)
    if not value:
        raise ValueError(f"the answer has no {name}")
    return value


def signature(tensor) -> str:
    """The name, datatype and shape of an input or output."""
    name, datatype = field(tensor, "name"), field(tensor, "datatype")
    return f"{name}: {datatype} {list(tensor.shape)}"


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
