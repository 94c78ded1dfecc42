# Ask a server for its name and version.

import sys

import tritonclient.http as httpclient


def main() -> None:
    with httpclient.InferenceServerClient(
        "localhost:8000",
        connection_timeout=10,
        network_timeout=10,
    ) as client:
        metadata = client.get_server_metadata()
    print(f"name: {metadata['name']}")
    print(f"version: {metadata['version']}")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
