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
    print(f"name: {metadata.name}")
    print("versions:", *metadata.versions)
    print(f"platform: {metadata.platform}")
    for tensor in metadata.inputs:
        print(f"input {tensor.name}: {tensor.datatype} {list(tensor.shape)}")
    for tensor in metadata.outputs:
        print(f"output {tensor.name}: {tensor.datatype} {list(tensor.shape)}")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
