# Ask a server for its name and version.

import sys

import tritonclient.grpc as grpcclient


def main() -> None:
    with grpcclient.InferenceServerClient("localhost:9000") as client:
        metadata = client.get_server_metadata(client_timeout=10)
    print(f"name: {field(metadata, 'name')}")
    print(f"version: {field(metadata, 'version')}")


def field(answer, name: str):
    """A field of the answer, which must be set."""
    value = getattr(answer, name)
    if not value:
        raise ValueError(f"the answer has no {name}")
    return value


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
