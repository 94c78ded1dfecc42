"""The messages of clients on the errors page are those that the samples really print."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from samplegen.catalogue import Catalogue
from samplegen.judge.machine.worlds import WorldError
from samplegen.render.clients import Client
from tests.conftest import missing
from tests.site import client_errors
from tests.site.client_errors import SITUATIONS, SOURCE, Programs, Servers, Situation

pytestmark = pytest.mark.processes

CLIENTS = {client.name: client for client in Catalogue().clients.all()}
CELLS = [(s, c) for s in SITUATIONS for c in CLIENTS.values() if client_errors.expected(c, s)]
TRITON = {"cpp/triton-grpc", "cpp/triton-http"}
"""Their library cannot be installed where CI runs."""


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    try:
        with client_errors.programs() as found:
            yield found
    except WorldError as error:
        missing(f"programs need the documented ports for themselves: {error}")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with client_errors.servers(tmp_path_factory.mktemp("servers")) as found:
        yield found


@pytest.fixture(scope="module")
def waiting(programs: Programs, servers: Servers) -> dict[str, list[str]]:
    """What each client prints that waits for its deadline, all at the same time."""
    (situation,) = (s for s in SITUATIONS if s.title == "The deadline has passed")
    here = [client for client in CLIENTS.values() if not programs.lacking(client)]
    with ThreadPoolExecutor(len(here)) as pool:
        lines = pool.map(lambda client: programs.printed(client, situation, servers), here)
        return dict(zip((client.name for client in here), lines, strict=True))


@pytest.mark.parametrize(
    ("situation", "client"), CELLS, ids=[f"{s.title}-{c.name}" for s, c in CELLS]
)
@pytest.mark.timeout(300)
def test_a_client_prints_what_the_page_shows(
    situation: Situation,
    client: Client,
    programs: Programs,
    servers: Servers,
    waiting: dict[str, list[str]],
) -> None:
    if lacking := programs.lacking(client):
        missing(lacking, in_ci=client.name not in TRITON)
    shown = client_errors.shown()[situation.title, client.name]
    is_waiting = situation.title == "The deadline has passed"
    lines = waiting[client.name] if is_waiting else programs.printed(client, situation, servers)
    for line in lines:
        assert client_errors.is_as_shown(line, shown), f"{line}\nis not: {shown}"


def test_every_client_is_on_the_page_and_no_other() -> None:
    assert client_errors.shown().keys() == {(s.title, c.name) for s, c in CELLS}
    from_source = {key[1] for key, text in client_errors.shown().items() if text.endswith(SOURCE)}
    assert from_source <= TRITON


def test_the_six_most_common_errors_come_first() -> None:
    page = client_errors.PAGE.read_text(encoding="utf-8")
    first = page.partition("## The six most common errors")[2].partition("\n## ")[0]
    assert [s.title for s in SITUATIONS if f"### {s.title}\n" in first] == [
        "Nothing listens at this address",
        "The gRPC and REST ports are swapped",
        "The deadline has passed",
        "The model is unknown",
        "The input has another shape",
        "The input has another datatype",
    ]


@pytest.mark.parametrize(
    ("line", "message", "same"),
    [
        ("a: 127.0.0.1:9000: refused", "`a: … : refused`", True),
        ("refused: a", "`a: … : refused`", False),
        ("b", "`a` or `b`", True),
        ("a", "`b` †", False),
        ("b", "`b` †", True),
    ],
)
def test_what_counts_as_shown(line: str, message: str, same: bool) -> None:
    assert client_errors.is_as_shown(line, message) is same


@pytest.mark.parametrize("array", [np.zeros((1, 3)), np.zeros((1, 2), np.float32)])
def test_an_array_that_does_not_match_is_refused_as_the_page_shows(
    array: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
) -> None:
    with pytest.raises(InferenceServerException) as raised:
        triton.InferInput("b", [1, 3], "FP32").set_data_from_numpy(array)
    page = client_errors.PAGE.read_text(encoding="utf-8")
    assert f"`{raised.value.message().rstrip('.')}`" in page
