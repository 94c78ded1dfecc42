# Send a PNG or JPEG file as it is; the server decodes it, and the sample prints the
# likeliest class.

import json
import struct
import sys
from pathlib import Path

import requests


def main(session: requests.Session) -> None:
    # The binary tensor extension: a JSON header, then the bytes of the tensor. A BYTES
    # element stands behind its length, 4 bytes little-endian; the size counts both.
    image = Path("digit-7.png").read_bytes()
    tensor = struct.pack("<I", len(image)) + image
    infer_input = {
        "name": "image",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"binary_data_size": len(tensor)},
    }
    header = json.dumps({"inputs": [infer_input]}).encode()

    # The server decodes the image and scales it to the size that the model takes.
    url = "http://localhost:8000/v2/models/digits/versions/1/infer"
    response = session.post(
        url,
        data=header + tensor,
        headers={
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": str(len(header)),
        },
        timeout=10,
    )
    probabilities = output(checked(response), "probabilities", "FP32")
    probability = max(probabilities)
    print(f"class: {probabilities.index(probability)}")
    print(f"probability: {probability:.4f}")


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
