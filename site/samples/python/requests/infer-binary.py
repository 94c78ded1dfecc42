# Send the bytes of tensors in place of their elements, and print what the model
# returns.

import json
import math
import struct
import sys
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    # The binary tensor extension: a JSON header, then the bytes of the tensors. JSON has
    # no FP16, and a request must not mix tensors in JSON and in binary.
    inputs = []
    buffers = []
    data = [0.1, -2.5]
    buffer = struct.pack(f"<{len(data)}d", *data)
    inputs.append(
        {
            "name": "exact",
            "datatype": "FP64",
            "shape": [2],
            "parameters": {"binary_data_size": len(buffer)},
        }
    )
    buffers.append(buffer)
    data = [True, False]
    buffer = struct.pack(f"<{len(data)}?", *data)
    inputs.append(
        {
            "name": "flags",
            "datatype": "BOOL",
            "shape": [2],
            "parameters": {"binary_data_size": len(buffer)},
        }
    )
    buffers.append(buffer)
    data = [-123456789, 9007199254740993]
    buffer = struct.pack(f"<{len(data)}q", *data)
    inputs.append(
        {
            "name": "signed",
            "datatype": "INT64",
            "shape": [2],
            "parameters": {"binary_data_size": len(buffer)},
        }
    )
    buffers.append(buffer)
    data = [987654321, 18446744073709551615]
    buffer = struct.pack(f"<{len(data)}Q", *data)
    inputs.append(
        {
            "name": "unsigned",
            "datatype": "UINT64",
            "shape": [2],
            "parameters": {"binary_data_size": len(buffer)},
        }
    )
    buffers.append(buffer)
    header = json.dumps({"inputs": inputs}).encode()

    url = "http://localhost:8000/v2/models/numbers/versions/1/infer"
    response = send(
        session.post,
        url,
        data=header + b"".join(buffers),
        headers={
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": str(len(header)),
        },
    )
    answer = response.json()
    tensor = output(answer, "opposite", "BOOL", bool)
    print("opposite:", *tensor["data"])
    tensor = output(answer, "signed", "INT64", int)
    print("signed:", *tensor["data"])
    tensor = output(answer, "unsigned", "UINT64", int)
    print("unsigned:", *tensor["data"])


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
