# Ask which versions of a model are served, and for the name, datatype and shape of its
# inputs and outputs.

import sys

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:8000/v2/models/dummy/versions/1"
    metadata = checked(session.get(url, timeout=10)).json()
    print(f"name: {metadata['name']}")
    print("versions:", *metadata["versions"])
    print(f"platform: {metadata['platform']}")
    for tensor in metadata["inputs"]:
        print(f"input {tensor['name']}: {tensor['datatype']} {tensor['shape']}")
    for tensor in metadata["outputs"]:
        print(f"output {tensor['name']}: {tensor['datatype']} {tensor['shape']}")


def checked(response: requests.Response) -> requests.Response:
    """The response, which must be a success."""
    if not response.ok:
        raise ValueError(f"HTTP status {response.status_code}: {response.text}")
    return response


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
