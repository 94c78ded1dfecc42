# Evaluate an expression at one time.

import sys
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:9090/api/v1/query"
    params = [("query", "vector(6 * 7)"), ("time", "1700000000")]
    answer = send(session.get, url, params=params).json()
    print("type:", field(answer, "data", "resultType"))
    print("time:", field(answer, "data", "result", 0, "value", 0))
    print("value:", field(answer, "data", "result", 0, "value", 1))


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


if __name__ == "__main__":
    try:
        with requests.Session() as session:
            main(session)
    except Exception as error:
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
