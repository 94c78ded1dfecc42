# Ask a server for its name and version.

import sys

import gevent
import tritonclient.http as httpclient


def main() -> None:
    with httpclient.InferenceServerClient(
        "localhost:8000",
        connection_timeout=10,
        network_timeout=10,
    ) as client:
        metadata = gevent.with_timeout(10, client.get_server_metadata)
    print(f"name: {field(metadata, 'name')}")
    print(f"version: {field(metadata, 'version')}")


def field(answer: dict, name: str):
    """A field of the answer, which must be there."""
    value = answer.get(name)
    if value is None:
        raise ValueError(f"the answer has no {name}")
    return value


if __name__ == "__main__":
    try:
        main()
    except (Exception, gevent.Timeout) as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
