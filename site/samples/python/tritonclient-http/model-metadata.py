# Ask which versions of a model are served, and for the name, datatype and shape of its
# inputs and outputs.

import sys

import tritonclient.http as httpclient


def main() -> None:
    with httpclient.InferenceServerClient(
        "localhost:8000",
        connection_timeout=10,
        network_timeout=10,
    ) as client:
        metadata = client.get_model_metadata(
            "dummy",
            model_version="1",
        )
    print(f"name: {metadata['name']}")
    print("versions:", *metadata["versions"])
    print(f"platform: {metadata['platform']}")
    for tensor in metadata["inputs"]:
        print(f"input {tensor['name']}: {tensor['datatype']} {tensor['shape']}")
    for tensor in metadata["outputs"]:
        print(f"output {tensor['name']}: {tensor['datatype']} {tensor['shape']}")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
