# Send a tensor of numbers to a model and print the tensor that it returns.

import sys

import requests


def main(session: requests.Session) -> None:
    inputs = [
        {
            "name": "b",
            "datatype": "FP32",
            "shape": [1, 10],
            "data": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        },
    ]
    url = "http://localhost:8000/v2/models/dummy/versions/1/infer"
    response = checked(session.post(url, json={"inputs": inputs}, timeout=10))
    values = output(response, "a", "FP32")
    print("a:", *values)


def checked(response: requests.Response) -> requests.Response:
    """The response, which must be a success."""
    if not response.ok:
        raise ValueError(f"HTTP status {response.status_code}: {response.text}")
    return response


def output(response: requests.Response, name: str, datatype: str) -> list:
    """The data of an output of the answer."""
    for tensor in response.json()["outputs"]:
        if tensor["name"] == name:
            found = tensor["datatype"]
            if found != datatype:
                raise ValueError(f"output {name} is {found}, not {datatype}")
            return tensor["data"]
    raise ValueError(f"the answer has no output {name}")


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
