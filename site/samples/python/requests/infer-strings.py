# Send texts to a model and print the texts that it returns, each in quotes.

import json
import math
import sys
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    inputs = [
        {
            "name": "text",
            "datatype": "BYTES",
            "shape": [5],
            "data": ["good morning", "", "two\nlines", "Grüße 😀", 'a "b"\\c'],
        },
    ]
    url = "http://localhost:8000/v2/models/texts/versions/1/infer"
    response = send(session.post, url, json={"inputs": inputs})
    answer = json.loads(response.content)
    tensor = output(answer, "upper", "BYTES", str)
    print("upper shape:", *tensor["shape"])
    print("upper first:", *quoted(tensor["data"])[:8])
    tensor = output(answer, "length", "INT32", int)
    print("length shape:", *tensor["shape"])
    print("length first:", *tensor["data"][:8])


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


def quoted(texts: list[str]) -> list[str]:
    """The texts as JSON writes them."""
    return [json.dumps(text, ensure_ascii=False) for text in texts]


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
