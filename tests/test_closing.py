"""What a program opens it closes: seen in its text, or by how its connection ended."""

import json
from pathlib import Path

import pytest

from samplegen.errors import SamplegenError
from samplegen.judge.gates.wire import unclosed
from samplegen.judge.servers.proxy.exchanges import Exchange, Link
from samplegen.render.clients import Language
from samplegen.yamlfile import load
from tests import toy
from tests.conftest import Run


def exchange(agent: str, closing: str, protocol: str = "h2") -> Exchange:
    link = Link(number=0, transport="grpc", opened=0.0, protocol=protocol)
    link.closing = closing  # type: ignore[assignment]
    return Exchange(
        number=0, link=link, transport="grpc", method="POST", target="/inference/Live",
        authority="localhost", headers=(("user-agent", agent),), received=0.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("agent", "closing", "problems"),
    [
        ("grpc-go/1.85.0", "goaway", 0),
        ("grpc-go/1.85.0", "end", 1),
        ("grpc-go/1.85.0", "reset", 1),
        ("my-tool/2 grpc-go/1.85.0", "", 1),
        ("grpc-java-netty/1.83.0", "end", 0),  # it may say nothing, however well it is closed
        ("grpc-c++/1.74.0", "end", 0),
    ],
)
def test_a_connection_ends_by_goaway(agent: str, closing: str, problems: int) -> None:
    assert len(unclosed([exchange(agent, closing)])) == problems


def test_a_pattern_is_a_regular_expression(tmp_path: Path) -> None:
    file = tmp_path / "language.yaml"
    file.write_text(toy.LANGUAGE + "closes: {'open(': close}\n")
    with pytest.raises(SamplegenError, match="no regular expression"):
        load(file, Language)


def test_what_is_opened_and_not_closed_is_found_at_its_line(tmp_path: Path, samplegen: Run) -> None:
    opening = "stream = open(__file__)\n"
    programs = {
        "closed": f"{opening}stream.close()\n{toy.GOOD}",
        "open": f"# one\n{opening}{toy.GOOD}",
        "neither": toy.GOOD,
    }
    options = toy.make(tmp_path, programs)
    language = tmp_path / "templates/toy/language.yaml"
    language.write_text(toy.LANGUAGE + "closes: {'\\bopen\\(': '\\.close\\('}\n")
    kept = ["--cache", tmp_path / "cache", "--verdicts", tmp_path / "verdicts.json"]
    done = samplegen("verify", *options, *kept, "--json", cwd=tmp_path)
    verdicts = {verdict["operation"]: verdict for verdict in json.loads(done.stdout)}
    assert verdicts["open"]["gate"] == "lint"
    (finding,) = verdicts["open"]["findings"]
    assert finding["message"].startswith("open( is not closed")
    assert finding["line"] == 2
    for name in ("closed", "neither"):
        assert "lint" in verdicts[name]["gates"]
