"""The judge knows what a sample sent, whatever it printed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from samplegen.judge.gates import rules
from tests import toy
from tests.conftest import ROOT, Run, samplegen_command
from tests.server.process import running

GRPC = "python/tritonclient-grpc"
INFER = "infer.py.jinja"
SEND = "        result = client.infer("

FAULTS = {
    "sent twice": (
        SEND,
        '        client.infer("dummy", inputs, model_version="1", client_timeout=10)\n' + SEND,
        "unexpected request: ModelInfer",
    ),
    "no deadline": (
        "            client_timeout={{ deadline }},\n",
        "",
        "request 1: it has no deadline, expected 10 s",
    ),
    "three times the deadline": (
        "client_timeout={{ deadline }}",
        "client_timeout=3 * {{ deadline }}",
        "request 1: its deadline is ",
    ),
    "a fifth of the deadline": (
        "client_timeout={{ deadline }}",
        "client_timeout={{ deadline }} / 5",
        "request 1: its deadline is ",
    ),
    "other version": (
        "{{ model_version | quote }}",
        '""',
        'request 1: version is "", expected "1"',
    ),
    "other values, printed as expected": (
        "        infer_input.set_data_from_numpy(data)",
        "        infer_input.set_data_from_numpy(data[:, ::-1].copy())",
        "request 1: the elements of b are others than expected",
    ),
    "nothing sent, the right lines printed": (
        SEND,
        '        print("a:", *range(1, 11))\n        sys.exit()\n' + SEND,
        "request missing: ModelInfer",
    ),
    "an id": (
        "            client_timeout={{ deadline }},\n",
        '            client_timeout={{ deadline }},\n            request_id="mine",\n',
        'request 1: id is "mine", and nobody asked for it',
    ),
    "a parameter": (
        "            client_timeout={{ deadline }},\n",
        "            client_timeout={{ deadline }},\n            priority=3,\n",
        'request 1: parameters is {"priority": ',
    ),
    "a header": (
        "            client_timeout={{ deadline }},\n",
        '            client_timeout={{ deadline }},\n            headers={"authorization": "x"},\n',
        "request 1: the header authorization is sent, and nobody asked for it",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_seen_on_the_wire(fault: str, tmp_path: Path, samplegen: Run) -> None:
    old, new, reason = FAULTS[fault]
    template = (ROOT / "templates" / GRPC / INFER).read_text()
    assert old in template
    changed = tmp_path / "templates" / GRPC / INFER
    changed.parent.mkdir(parents=True)
    changed.write_text(template.replace(old, new, 1))
    options = ("--templates", "templates", "--client", GRPC, "--json")
    finished = samplegen("verify", "infer-array", *options, cwd=tmp_path)
    (verdict,) = json.loads(finished.stdout)
    assert finished.returncode == 1
    assert verdict["gate"] == "wire", verdict["reason"]
    assert reason in verdict["reason"], verdict["reason"]


URL = "{{ url.Toy | quote }}"
REQUESTS = {
    "a query": (URL, f'{URL} + "?x=1"', 'request 1: its query is "x=1", expected ""'),
    "another path": (URL, f'{URL} + "/"', "request 1: it is GET /toy/, expected Toy"),
    "another method": (
        f"urlopen({URL}",
        f'urlopen(urllib.request.Request({URL}, method="DELETE")',
        "request 1: it is DELETE /toy, expected Toy",
    ),
    "a token": (
        f"urlopen({URL}",
        f'urlopen(urllib.request.Request({URL}, headers={{"Authorization": "x"}})',
        "request 1: the header authorization is sent, and nobody asked for it",
    ),
    "a header twice": (
        "    with urllib",
        "    import http.client\n\n"
        f"    connection = http.client.HTTPConnection('localhost', {toy.REST_PORT})\n"
        "    connection.putrequest('GET', '/toy')\n"
        "    connection.putheader('Accept', 'application/json')\n"
        "    connection.putheader('Accept', 'text/plain')\n"
        "    connection.endheaders()\n"
        "    connection.getresponse()\n    with urllib",
        "request 1: the header accept is sent 2 times",
    ),
    "a body": (
        f"urlopen({URL}",
        f'urlopen(urllib.request.Request({URL}, b"{{}}", method="GET")',
        "request 1: Content-Type is",
    ),
    "twice": (
        "    with urllib",
        f"    urllib.request.urlopen({URL}).close()\n    with urllib",
        "unexpected request: Toy",
    ),
    "nothing": (
        "    with urllib",
        '    print("answer: 42")\n    sys.exit()\n    with urllib',
        "request missing: Toy",
    ),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Programs that send what they should not, to a server that records nothing."""
    folder = tmp_path_factory.mktemp("toy")
    programs = {}
    for name, (old, new, _) in REQUESTS.items():
        assert old in toy.GOOD
        programs[name.replace(" ", "-")] = toy.GOOD.replace(old, new)
    finished = subprocess.run(
        samplegen_command("verify", "--json", *toy.make(folder, programs)),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return {verdict["operation"]: verdict for verdict in json.loads(finished.stdout)}


@pytest.mark.processes
@pytest.mark.parametrize("name", REQUESTS)
def test_request_over_rest(name: str, verdicts: dict[str, dict[str, Any]]) -> None:
    verdict = verdicts[name.replace(" ", "-")]
    assert verdict["gate"] == "wire", verdict["reason"]
    assert REQUESTS[name][2] in verdict["reason"], verdict["reason"]


@pytest.mark.parametrize(
    ("server", "not_enforced"),
    [("mlserver", ["the Content-Type of JSON alone"]), ("OpenVINO Model Server", [])],
)
def test_what_a_library_leaves_out_is_named(
    server: str, not_enforced: list[str], tmp_path: Path, samplegen: Run
) -> None:
    """A library that sends JSON alone, where a server takes nothing else, without Content-Type."""
    with running(tmp_path / "log", ("--server_name", server)) as one:
        where = ("--endpoint", f"127.0.0.1:{one.port}:{one.rest_port}")
        words = ("infer-array", *where, "--client", "python/tritonclient-http", "--json")
        finished = samplegen("verify", *words, cwd=tmp_path)
    (verdict,) = json.loads(finished.stdout)
    assert verdict["status"] == "passed", verdict["reason"]
    assert verdict["not_enforced"].get("wire", []) == not_enforced


def test_another_client_is_not_spared() -> None:
    assert rules.spared("wire", "python/requests") == ()
    assert rules.spared("wire", "python/tritonclient-http") == (rules.UNTYPED_JSON,)
