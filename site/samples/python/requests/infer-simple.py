# Send two tensors to a model and print the two that it returns, their sum and their
# difference.

import math
import sys
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    inputs = [
        {
            "name": "INPUT0",
            "datatype": "INT32",
            "shape": [1, 16],
            "data": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 987654321, -15],
        },
        {
            "name": "INPUT1",
            "datatype": "INT32",
            "shape": [1, 16],
            "data": [
                1,
                1,
                2,
                3,
                5,
                8,
                13,
                21,
                34,
                55,
                89,
                144,
                233,
                377,
                123456789,
                610,
            ],
        },
    ]
    url = "http://localhost:8000/v2/models/simple/versions/1/infer"
    answer = send(session.post, url, json={"inputs": inputs}).json()
    tensor = output(answer, "OUTPUT0", "INT32", int)
    print("OUTPUT0:", *tensor["data"])
    tensor = output(answer, "OUTPUT1", "INT32", int)
    print("OUTPUT1:", *tensor["data"])


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


def output(answer: dict, name: str, datatype: str, kind: type | tuple) -> dict:
    """An output of the answer, with its shape and data: elements of one kind."""
    for tensor in answer["outputs"]:
        if tensor["name"] == name:
            found, data = tensor["datatype"], tensor["data"]
            if found != datatype:
                raise ValueError(f"output {name} is {found}, not {datatype}")
            if len(data) != math.prod(tensor["shape"]):
                raise ValueError(f"output {name} does not have the size of its shape")
            if not all(isinstance(element, kind) for element in data):
                raise ValueError(f"output {name} has elements that are not {datatype}")
            return tensor
    raise ValueError(f"the answer has no output {name}")


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
