# Ask which versions of a model are served, and for the name, datatype and shape of its
# inputs and outputs.

import sys
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:8000/v2/models/dummy/versions/1"
    metadata = send(session.get, url).json()
    print(f"name: {field(metadata, 'name')}")
    print("versions:", *(metadata.get("versions") or []))
    print(f"platform: {field(metadata, 'platform')}")
    for tensor in field(metadata, "inputs"):
        print(f"input {signature(tensor)}")
    for tensor in field(metadata, "outputs"):
        print(f"output {signature(tensor)}")


def send(
    method: Callable,
    url: str,
    deadline: float = 10,
    **options,
) -> requests.Response:
    """The response to a request, which must be a success; the deadline is in seconds."""
    options |= {"timeout": deadline, "allow_redirects": False}
    with ThreadPool(1) as pool:  # that timeout is for each address and each read
        call = pool.apply_async(method, [url], options)
        call.wait(deadline)
        if not call.ready():
            raise TimeoutError(f"no answer within {deadline} seconds")
        response = call.get()
    if response.status_code != 200:
        raise ValueError(f"HTTP status {response.status_code}: {response.text}")
    return response


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
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
