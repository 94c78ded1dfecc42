# Have the server make a lease, store a key with it, and end it, which deletes the key.

import base64
import sys
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:2378/v3/lease/grant"
    body = {"TTL": "60"}
    answer = send(session.post, url, json=body).json()
    lease = field(answer, "ID")
    print("seconds:", field(answer, "TTL"))
    url = "http://localhost:2378/v3/kv/put"
    body = {
        "key": base64.b64encode(f"heartbeat/{lease}".encode()).decode(),
        "value": base64.b64encode(b"alive").decode(),
        "lease": lease,
    }
    answer2 = send(session.post, url, json=body).json()
    check(answer2)
    url = "http://localhost:2378/v3/lease/revoke"
    body = {"ID": lease}
    answer3 = send(session.post, url, json=body).json()
    check(answer3)


def send(
    method: Callable,
    url: str,
    deadline: float = 5,
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


def field(answer, *path: str | int):
    """A field of the answer, which must be there; names and indices lead to it."""
    for step in path:
        answer = answer.get(step) if isinstance(step, str) else answer[step]
        if answer is None:
            raise ValueError(f"the answer has no {step}")
    return answer


def check(answer) -> None:
    """Refuses an answer that is an error, although its status is a success."""
    if isinstance(answer, dict) and answer.get("error"):
        raise ValueError(f"the answer is an error: {answer['error']}")


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
