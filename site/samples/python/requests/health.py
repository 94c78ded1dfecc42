# Ask whether the server is up, whether it has loaded its models, and whether one model
# can answer.

import sys
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:8000/v2/health/live"
    check(send(session.get, url))
    print("server live: True")

    url = "http://localhost:8000/v2/health/ready"
    check(send(session.get, url))
    print("server ready: True")

    url = "http://localhost:8000/v2/models/dummy/versions/1/ready"
    check(send(session.get, url))
    print("model ready: True")


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


def check(response: requests.Response) -> None:
    """Refuses a body that no health answer has: it is empty or a JSON object."""
    body = response.json() if response.content else {}
    if not isinstance(body, dict) or "error" in body:
        raise ValueError(f"not an answer about health: {response.text}")


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
