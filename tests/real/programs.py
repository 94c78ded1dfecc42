"""Makes the programs that call a model, and runs those of Python in this process."""

import contextlib
import io
from collections.abc import Iterator, Sequence

from samplegen import cli
from tests.real.exchanges import CONFORM, Front, Run

CLIENTS = ("python/tritonclient-grpc", "python/tritonclient-http", "python/requests")
DESCRIBED = "samplegen"
"""The command itself, asked over gRPC for no program."""


def run(front: Front, model: str, client: str, shapes: Sequence[str]) -> Run:
    """What happens if a program is made by what stands at `front` and then calls it.

    Args:
        front: A server, or what stands before it.
        model: Its name.
        client: One of Python's, or `DESCRIBED`.
        shapes: What `--shape` is given.
    """
    if client == DESCRIBED:
        arguments = ["model", f"grpc://127.0.0.1:{front.grpc_port}", model, "--json"]
    else:
        arguments = ["model", f"http://127.0.0.1:{front.rest_port}", model, "--client", client]
        arguments += ["--grpc-port", str(front.grpc_port)]
    for shape in shapes:
        arguments += ["--shape", shape]
    front.client = DESCRIBED
    with _kept() as (out, err):
        status = cli.run(arguments)
    printed, said = _text(out), _text(err)
    if status == 0 and client != DESCRIBED:
        front.client = client
        status, printed, said = _executed(printed)
    return Run(
        model, client, tuple(shapes), status, _plain(front, printed), _plain(front, said).strip()
    )


def conform(front: Front) -> str:
    """What `samplegen conform` prints of what stands at `front`."""
    front.client = CONFORM
    arguments = ["conform", f"http://127.0.0.1:{front.rest_port}"]
    with _kept() as (out, _):
        cli.run([*arguments, "--grpc-port", str(front.grpc_port)])
    return _plain(front, _text(out))


@contextlib.contextmanager
def _kept() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Where stdout and stderr go meanwhile; text and bytes may be written to them."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err


def _text(written: io.TextIOWrapper) -> str:
    written.seek(0)
    return written.read()


def _executed(program: str) -> tuple[int, str, str]:
    """Exit status, output and error of a program."""
    status, said = 0, ""
    with _kept() as (out, err):
        try:
            exec(compile(program, "program", "exec"), {"__name__": "__main__"})  # noqa: S102
        except SystemExit as ended:
            status = 0 if ended.code is None else 1
            said = "" if ended.code is None else str(ended.code)
    return status, _text(out), _text(err) + said


def _plain(front: Front, text: str) -> str:
    """A text without the ports of this run."""
    return text.replace(str(front.rest_port), "{rest}").replace(str(front.grpc_port), "{grpc}")
