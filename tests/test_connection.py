"""What a connection takes, and that rendered code stays in form whatever it holds."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from samplegen.connection.given import connection, server_address
from samplegen.connection.model import Connection, Header, Tls, with_values
from samplegen.errors import SamplegenError, UsageError
from samplegen.render.clients import Client
from samplegen.render.view import view
from samplegen.spec.operation import Operation
from tests.conftest import ROOT, Run, need

CATALOGUE = Catalogue()
DOCUMENTED = CATALOGUE.spec.api.connection
CLIENTS = CATALOGUE.clients.all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"header": ["x"]}, "--header: found 'x'; expected 'NAME: VALUE'"),
        ({"header": ["x: a\r\nevil: b"]}, "expected printable ASCII on one line"),
        ({"header": ["x: a\nb"]}, "expected printable ASCII on one line"),
        ({"header": ["x: é"]}, "expected printable ASCII on one line"),
        ({"header": ["x: "]}, "expected printable ASCII on one line"),
        ({"header": ["x y: a"]}, "found the header 'x y'"),
        ({"header": ["x\n: a"]}, None),
        ({"header": [": a"]}, "found the header ''"),
        ({"header": [":authority: a"]}, "found the header ''"),
        ({"header": ["Host: a"]}, "the header 'host' is the authority"),
        ({"header": ["Content-Type: a"]}, "'content-type' is set by the client itself"),
        ({"header": ["grpc-timeout: 1S"]}, "'grpc-timeout' is set by the client itself"),
        ({"header": ["x-bin: a"]}, "any name in '-bin'"),
        ({"header": ["x: a", "X: b"]}, "'x' is given twice"),
        (
            {"header": ["Authorization: a"], "bearer_token_env": "T"},
            "'authorization' is given twice",
        ),
        ({"header_env": ["x"]}, "--header-env: found 'x'; expected NAME=VARIABLE"),
        ({"header_env": ["x=$(id)"]}, "expected the name of an environment variable"),
        ({"bearer_token_env": "1A"}, "expected the name of an environment variable"),
        ({"bearer_token_env": "A" * 41}, "of up to 40 characters"),
        ({"bearer_token_env": ""}, "expected the name of an environment variable"),
        ({"cert": "a.pem"}, "takes both 'cert' and 'key'"),
        ({"key": "a.key"}, "takes both 'cert' and 'key'"),
        ({"cacert": ""}, "cacert: found ''"),
        ({"authority": "a b"}, "found the authority 'a b'"),
        ({"authority": "a\r\nb: c"}, "found the authority"),
        ({"grpc_port": 443, "rest_port": 443}, "cannot share port 443"),
    ],
)
def test_what_no_sample_could_send_is_refused(values: dict[str, Any], message: str | None) -> None:
    if message is None:  # what surrounds a name does not count
        assert connection(DOCUMENTED, **values).headers == (Header(name="x", value="a"),)
        return
    with pytest.raises(UsageError) as raised:
        connection(DOCUMENTED, **values)
    assert len(raised.value.problems) == 1
    assert message in str(raised.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(UsageError) as raised:
        connection(DOCUMENTED, host="a b", header=["x"], header_env=["y"], cert="c")
    assert len(raised.value.problems) == 4


def test_an_ingress_may_serve_both_on_one_port() -> None:
    assert connection(DOCUMENTED, grpc_port=443, rest_port=443, tls=True).tls == Tls()
    assert connection(DOCUMENTED, grpc_port=80, rest_port=80, authority="a").authority == "a"


def test_an_address_without_tls_takes_away_what_is_documented() -> None:
    encrypting = replace(DOCUMENTED, tls=Tls(cacert="ca.pem"), grpc_port=443, rest_port=443)
    assert connection(encrypting, host="a").tls == Tls(cacert="ca.pem")
    plain = connection(encrypting, tls=False, grpc_port=9000, rest_port=8000)
    assert plain == replace(DOCUMENTED, grpc_port=9000, rest_port=8000)
    with pytest.raises(UsageError, match="cannot share port 443"):
        connection(encrypting, tls=False)


def test_a_judge_knows_what_is_asked_for_only_of_an_endpoint(tmp_path: Path) -> None:
    nothing = {"cacert": None, "cert": None, "key": None}
    assert server_address(DOCUMENTED, None, **nothing) is None
    with pytest.raises(UsageError, match="--cacert: expected --endpoint"):
        server_address(DOCUMENTED, None, **{**nothing, "cacert": "ca.pem"})
    reached = server_address(DOCUMENTED, "a:1:2", **{**nothing, "cacert": "ca.pem"})
    assert reached is not None
    assert reached.tls == Tls(cacert=str(Path("ca.pem").resolve()))


LONG = "x" * 70
FULL: dict[str, Any] = {
    "tls": Tls(cacert="ca.pem", cert="client.pem", key="client.key"),
    "headers": (Header(name="x-tenant", value="blue"), Header(name="x-key", env="API_KEY")),
    "bearer_token_env": "KSERVE_TOKEN",
    "authority": "models.example",
    "max_message_size": 613,
}
HOSTILE = "a'b\"c$(d)`e`\\f{g}%h"
CONNECTIONS: dict[str, dict[str, Any]] = {
    "a long host": {"host": f"{LONG}.example"},
    "everything": FULL,
    "long values": {
        "host": f"{LONG}.example",
        "tls": Tls(cacert=f"/{LONG}.pem", cert=f"/{LONG}.pem", key=f"/{LONG}.key"),
        "headers": (Header(name="x-tenant", value=LONG), Header(name="x-key", env=LONG[:40])),
        "bearer_token_env": LONG[:40],
        "authority": f"{LONG}.example",
    },
    "hostile values": {
        "tls": Tls(cacert=HOSTILE, cert=HOSTILE + "\n", key=HOSTILE + "\u4f60"),
        "headers": (Header(name="x-tenant", value=HOSTILE),),
    },
    **{f"only {name}": {name: FULL[name]} for name in FULL},
    "only the authorities": {"tls": Tls(cacert="ca.pem")},
    "only a certificate": {"tls": Tls(cert="client.pem", key="client.key")},
    "only encryption": {"tls": Tls()},
    "only a plain header": {"headers": FULL["headers"][:1]},
    "only a secret header": {"headers": FULL["headers"][1:]},
}
FORMATTERS = {
    "python": ["ruff", "format", "--isolated", "--check", "--diff"],
    "go": ["gofmt", "-l"],
    "curl": ["shfmt", "-i", "2", "-ci", "-d"],
    "cpp": [
        *("clang-format", "--style={BasedOnStyle: Google, ColumnLimit: 0}"),
        *("--dry-run", "--Werror"),
    ],
}
"""Those that need nothing to be prepared; the judge tries that of Java, too."""


def text(client: Client, operation: str, own: Connection) -> str:
    seen = view(CATALOGUE.spec.api, CATALOGUE.spec.operation(operation), own)
    return CATALOGUE.renderer.render(client, seen).text


@pytest.mark.processes
@pytest.mark.parametrize("language", FORMATTERS)
def test_rendered_code_stays_formatted(language: str, tmp_path: Path) -> None:
    need(FORMATTERS[language][0])
    files = []
    for client in CLIENTS:
        if client.name.partition("/")[0] != language:
            continue
        for number, values in enumerate(CONNECTIONS.values()):
            for operation in CATALOGUE.spec.names:
                name = client.sample(CATALOGUE.spec.operation(operation)).replace(
                    "/", f"-{number}-"
                )
                path = tmp_path / name
                path.write_text(text(client, operation, replace(DOCUMENTED, **values)))
                files.append(path)
    finished = subprocess.run(
        [*FORMATTERS[language], *files], capture_output=True, text=True, timeout=100
    )
    assert (finished.returncode, finished.stdout) == (0, ""), finished.stderr


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_every_option_is_said_and_none_where_there_is_none(client: Client) -> None:
    plain = text(client, "health", DOCUMENTED)
    full = text(client, "health", replace(DOCUMENTED, **FULL, deadline=77))
    said = ["ca.pem", "client.pem", "client.key", "x-tenant", "blue", "x-key", "API_KEY"]
    said += ["KSERVE_TOKEN", "models.example", "77"]
    said += (
        ["613"]
        if client.transport == "grpc"
        else [
            "https://",
        ]
    )
    for word in said:
        if word == "https://" and client.name == "python/tritonclient-http":
            word = "ssl=True"
        assert word in full
        assert word not in plain


def test_a_client_without_a_template_for_an_option_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "curl/wget"
    folder.mkdir(parents=True)
    client = "{title: wget, tab: curl, transport: rest, install: nothing}\n"
    (folder / "client.yaml").write_text(client)
    (folder / "health.sh.jinja").write_text("wget {{ url.ServerLive | quote }}\n")
    catalogue = Catalogue(templates=[tmp_path])
    seen = view(
        catalogue.spec.api,
        catalogue.spec.operation("health"),
        replace(DOCUMENTED, tls=Tls(), authority="a"),
    )
    with pytest.raises(SamplegenError) as raised:
        catalogue.renderer.render(catalogue.clients.client("curl/wget"), seen)
    assert [str(problem) for problem in raised.value.problems] == [
        "curl/wget has no template for --authority; add its lines to "
        "templates/curl/wget/health.sh.jinja, which sees it as 'authority'"
    ]


@pytest.mark.parametrize(
    ("client", "given", "missing"),
    [
        ("go/grpc", {"tls": Tls(cacert="ca.pem")}, ["tls", "cacert"]),
        ("go/grpc", {"bearer_token_env": "TOKEN"}, ["bearer-token-env"]),
        ("go/grpc", {"headers": (Header(name="x-tenant", value="a"),)}, ["header"]),
        ("go/grpc", {"headers": (Header(name="x-tenant", env="A"),)}, ["header-env"]),
        ("go/grpc", {"authority": "a", "max_message_size": 8}, ["authority", "max-message-size"]),
        ("python/grpcio", {"tls": Tls(cert="a", key="b")}, ["tls", "cert", "key"]),
        ("python/grpcio", {"bearer_token_env": "TOKEN"}, ["bearer-token-env"]),
        ("curl/rest", {"tls": Tls(cacert="ca.pem"), "bearer_token_env": "TOKEN"}, []),
    ],
)
def test_no_option_is_dropped_where_an_own_frame_has_no_place_for_it(
    client: str, given: dict[str, Any], missing: list[str]
) -> None:
    inventory = ROOT / "examples/inventory"
    catalogue = Catalogue([inventory / "spec"], [inventory / "templates"])
    connection = replace(catalogue.spec.api.connection, **given)
    operation = catalogue.spec.operation("get-item")
    seen = view(catalogue.spec.api, operation, connection)
    if not missing:
        text = catalogue.renderer.render(catalogue.clients.client(client), seen).text
        assert "--cacert ca.pem" in text
        assert '"authorization: Bearer' in text or "authorization: Bearer $TOKEN" in text
        return
    with pytest.raises(SamplegenError) as raised:
        catalogue.renderer.render(catalogue.clients.client(client), seen)
    told = [str(problem) for problem in raised.value.problems]
    assert [text.partition(" for --")[2].partition(";")[0] for text in told] == missing


def test_an_option_that_changes_nothing_is_told(samplegen: Run) -> None:
    shown = samplegen("show", "health", "--client", "curl/rest", "--max-message-size", "64")
    assert shown.returncode == 0
    assert "--max-message-size changes nothing over REST" in shown.stderr
    assert samplegen("show", "health", "--client", "go/grpc").stderr == ""


def test_with_values_changes_only_what_is_given() -> None:
    assert with_values(DOCUMENTED, host=None, model=None) == DOCUMENTED
    assert with_values(DOCUMENTED, host="x", model=None) == replace(DOCUMENTED, host="x")


def test_an_operation_keeps_its_version_unless_the_reader_names_another() -> None:
    kept = replace(CATALOGUE.spec.operation("infer-array"), model_version="3")
    newest = replace(kept, model_version="")

    def shown(operation: Operation, **values: Any) -> str:
        own = connection(DOCUMENTED, **values)
        client = CATALOGUE.clients.client("curl/rest")
        return CATALOGUE.renderer.render(client, view(CATALOGUE.spec.api, operation, own)).text

    assert "/v2/models/dummy/versions/3/infer" in shown(kept)
    assert "/v2/models/dummy/infer" in shown(newest)
    assert "/v2/models/dummy/versions/1/infer" in shown(kept, model_version="1")
    assert "/v2/models/dummy/infer" in shown(kept, model_version="")
    assert "/v2/models/dummy/versions/2/infer" in shown(newest, model_version="2")


def test_a_server_may_stand_below_a_path() -> None:
    own = connection(DOCUMENTED, host="gpu7", base_path="/seldon/models/default")
    for client in CLIENTS:
        printed = text(client, "infer-array", own)
        assert ("gpu7:8000/seldon/models/default" in printed) == (client.transport == "rest")
        assert "/seldon/models/default/default" not in printed
        if client.name == "cpp/triton-http":
            assert 'options("dummy")' in printed


@pytest.mark.parametrize(
    "path", ["seldon", "/a b", "/a/", "/", "/a?b", "/\n", "/a%", "/%zz/b", "//a"]
)
def test_what_is_no_path_before_v2(path: str) -> None:
    with pytest.raises(UsageError, match="expected one such as /models"):
        connection(DOCUMENTED, base_path=path)


@pytest.mark.parametrize("path", ["/..", "/a/../b", "/./a", "/a/%2E%2e"])
def test_a_path_that_clients_resolve_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="write the path that they lead to"):
        connection(DOCUMENTED, base_path=path)


@pytest.mark.parametrize(
    ("host", "instead"),
    [
        ("http://gpu7:8000/a", "--host gpu7 --rest-port 8000 --base-path /a"),
        ("127.0.0.1:32000/seldon", "--host 127.0.0.1 --rest-port 32000 --base-path /seldon"),
        ("http://gpu7/models/", "--host gpu7 --base-path /models"),
        ("gpu7:80", "--host gpu7 --rest-port 80"),
    ],
)
def test_a_host_that_is_more_than_one_is_taken_apart(host: str, instead: str) -> None:
    with pytest.raises(UsageError, match=f"; write {re.escape(instead)}$"):
        connection(DOCUMENTED, host=host)


def test_a_judge_reaches_a_server_by_the_names_of_its_ports() -> None:
    reached = server_address(DOCUMENTED, None, host=None, rest_port=8080, model_version="")
    assert reached is not None
    assert (reached.host, reached.rest_port, reached.model_version) == ("localhost", 8080, "")
    assert reached.version_of("1") == ""
    with pytest.raises(UsageError, match="--rest-port: --endpoint names it, too"):
        server_address(DOCUMENTED, "a:1:2", rest_port=8080)
    with pytest.raises(UsageError, match="--model-version: expected --endpoint"):
        server_address(DOCUMENTED, None, model_version="")
