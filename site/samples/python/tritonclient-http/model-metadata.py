# Ask which versions of a model are served, and for the name, datatype and shape of its
# inputs and outputs.

import sys

import gevent
import tritonclient.http as httpclient


def main() -> None:
    with httpclient.InferenceServerClient(
        "localhost:8000",
        connection_timeout=10,
        network_timeout=10,
    ) as client:
        metadata = gevent.with_timeout(
            10,
            client.get_model_metadata,
            "dummy",
            model_version="1",
        )
    print(f"name: {field(metadata, 'name')}")
    print("versions:", *(metadata.get("versions") or []))
    print(f"platform: {field(metadata, 'platform')}")
    for tensor in field(metadata, "inputs"):
        print(f"input {signature(tensor)}")
    for tensor in field(metadata, "outputs"):
        print(f"output {signature(tensor)}")


def field(answer: dict, name: str):
    """A field of the answer, which must be there."""
    value = answer.get(name)
    if value is None:
        raise ValueError(f"the answer has no {name}")
    return value


def signature(tensor: dict) -> str:
    """The name, datatype and shape of an input or output."""
    name, datatype = field(tensor, "name"), field(tensor, "datatype")
    return f"{name}: {datatype} {field(tensor, 'shape')}"


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
