# Ask with an expression that is cut off, and read what is wrong with it.

import sys
from collections.abc import Callable, Sequence
from multiprocessing.pool import ThreadPool

import requests


def main(session: requests.Session) -> None:
    url = "http://localhost:9090/api/v1/query"
    params = [("query", "sum(")]
    answer = send(session.get, url, params=params, statuses=[400]).json()
    print("type:", field(answer, "errorType"))
    print("error:", field(answer, "error"))


def send(
    method: Callable,
    url: str,
    deadline: float = 5,
    statuses: Sequence[int] = (200,),
    **options,
) -> requests.Response:
    """The response to a request, with one of these statuses; the deadline is in seconds."""
    options |= {"timeout": deadline, "allow_redirects": False}
    with ThreadPool(1) as pool:  # that timeout is for each address and each read
        call = pool.apply_async(method, [url], options)
        call.wait(deadline)
        if not call.ready():
            raise TimeoutError(f"no answer within {deadline} seconds")
        response = call.get()
    if response.status_code not in statuses:
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
