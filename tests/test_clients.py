"""Languages and clients: read, named, laid over one another, and checked."""

from pathlib import Path

import pytest

from samplegen.errors import SamplegenError, UsageError
from samplegen.render.clients import Client, Clients
from samplegen.resources import spec_layers, template_layers
from samplegen.spec.reading import Spec

LANGUAGE = """
title: Toy
lexer: text
file: "toy_{operation}.tar.gz"
literals: shell
run: ["{python}", "{file}", "{work}", "{{kept}}"]
"""
CLIENT = "{title: Toy, tab: toy, transport: grpc, install: nothing}"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "toy/one").mkdir(parents=True)
    (tmp_path / "toy/language.yaml").write_text(LANGUAGE)
    (tmp_path / "toy/one/client.yaml").write_text(CLIENT)
    return tmp_path


def clients(*folders: Path) -> Clients:
    return Clients(template_layers(folders))


def test_a_client_is_its_folder_and_knows_its_language(own: Path) -> None:
    client = clients(own).client("toy/one")
    assert (client.name, client.title, client.transport) == ("toy/one", "Toy", "grpc")
    assert client.language.title == "Toy"
    assert client.language.timeout == 30
    assert client.language.run[3] == "{{kept}}"
    assert client.requirements == ()


def test_paths_of_template_and_sample_follow_from_the_names(own: Path) -> None:
    operation = Spec(spec_layers()).operation("infer-array")
    client = clients(own).client("toy/one")
    assert client.language.suffix == ".gz"
    assert client.template(operation) == "toy/one/infer.gz.jinja"
    assert client.sample(operation) == "toy/one/toy_infer-array.tar.gz"


def test_requirements_are_those_of_the_language_and_then_of_the_client() -> None:
    client = clients().client("python/tritonclient-grpc")
    names = [requirement.name for requirement in client.requirements]
    assert names == ["Python", "ruff", "tritonclient"]


def test_clients_come_in_their_order_and_then_by_name(own: Path) -> None:
    (own / "toy/first").mkdir()
    (own / "toy/first/client.yaml").write_text(CLIENT.replace("}", ", order: -5}"))
    (own / "toy/another").mkdir()
    (own / "toy/another/client.yaml").write_text(CLIENT)
    names = [client.name for client in clients(own).all()]
    assert names[0] == "toy/first"
    assert names[-2:] == ["toy/another", "toy/one"]


def test_clients_of_a_language_share_it(own: Path) -> None:
    (own / "toy/two").mkdir()
    (own / "toy/two/client.yaml").write_text(CLIENT)
    found = clients(own)
    assert found.client("toy/one").language is found.client("toy/two").language


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("curl/rset", "did you mean 'curl/rest'?"),
        ("python/tritonclient", "did you mean 'python/tritonclient-"),
        ("zzz", "known: cpp/grpc, "),
        ("", "known: cpp/grpc, "),
        ("../templates/curl/rest", "known: cpp/grpc, "),
        ("x" * 5000, "known: cpp/grpc, "),
        ("a\0b", "known: cpp/grpc, "),
    ],
)
def test_an_unknown_client_gets_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        clients().client(name)
    assert str(caught.value).startswith(f"no client {name!r}; {hint}")


def test_an_own_file_is_laid_over_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "curl/rest").mkdir(parents=True)
    (tmp_path / "curl/rest/client.yaml").write_text(CLIENT)
    client = clients(tmp_path).client("curl/rest")
    packaged = clients().client("curl/rest")
    assert client.title == "Toy"
    assert client.language == packaged.language


def test_an_own_client_may_join_a_packaged_language(tmp_path: Path) -> None:
    (tmp_path / "python/own").mkdir(parents=True)
    (tmp_path / "python/own/client.yaml").write_text(CLIENT)
    client: Client = clients(tmp_path).client("python/own")
    assert client.language.title == "Python"


def test_the_first_of_several_own_folders_wins(
    own: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    upper = tmp_path_factory.mktemp("upper")
    (upper / "toy/one").mkdir(parents=True)
    (upper / "toy/one/client.yaml").write_text(CLIENT.replace("Toy", "Upper"))
    assert clients(upper, own).client("toy/one").title == "Upper"
    assert clients(own, upper).client("toy/one").title == "Toy"


def test_a_mistake_in_a_language_is_told_once_for_all_its_clients(own: Path) -> None:
    (own / "toy/two").mkdir()
    (own / "toy/two/client.yaml").write_text("[]")
    (own / "toy/language.yaml").write_text(LANGUAGE.replace("run", "ran"))
    with pytest.raises(SamplegenError) as caught:
        clients(own).all()
    messages = [problem.message for problem in caught.value.problems]
    assert messages == [
        "'run' is missing; add it",
        "found the unknown key 'ran'; did you mean 'run'?",
        "found []; expected a mapping",
    ]


def test_a_folder_without_its_language_is_told(own: Path) -> None:
    (own / "toy/language.yaml").unlink()
    with pytest.raises(SamplegenError, match=r"^templates/toy/language\.yaml is missing; add it$"):
        clients(own).client("toy/one")


@pytest.mark.parametrize(
    "argument",
    ["{", "}", "{}", "{0}", "{pyton}", "{file.name}", "{file!r}", "{file:>9}", "{{file}"],
)
def test_an_argument_that_cannot_be_filled_in_is_refused(argument: str, own: Path) -> None:
    (own / "toy/language.yaml").write_text(LANGUAGE.replace("{{kept}}", argument))
    with pytest.raises(SamplegenError) as caught:
        clients(own).client("toy/one")
    expected = f"run.3: found {argument!r}; expected {{python}}, {{file}}, {{work}}, "
    assert caught.value.problems[0].message.startswith(expected)
