"""The small models: what they answer, bundled and otherwise, and that the script makes them."""

import concurrent.futures
import importlib.util
import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from samplegen_server.tensors import DTYPES, Array, pack_bytes, unpack_bytes

from tests.conftest import ROOT
from tests.server.asking import ASK, Input, Question
from tests.server.process import Server, running

MODELS = ROOT / "server/samplegen_server/models"
OTHER = ROOT / "spec/other"
TESTS = ROOT / "tests/models"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "server/training/make_small_models.py"
    spec = importlib.util.spec_from_file_location("make_small_models", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """The bundled models, those of the same names, and both kinds of the models for tests."""
    folder = tmp_path_factory.mktemp("servers")
    with (
        running(folder / "bundled") as bundled,
        running(folder / "other", ("--config_path", OTHER / "config.json")) as other,
        running(folder / "tests", ("--config_path", TESTS / "config.json")) as tests,
        running(folder / "tests-other", ("--config_path", TESTS / "other/config.json")) as last,
    ):
        yield {"bundled": bundled, "other": other, "tests": tests, "tests-other": last}


def test_script_makes_what_is_there(script: ModuleType, tmp_path: Path) -> None:
    made = {"models": MODELS, "other": OTHER, "tests": TESTS}
    script.make(*(tmp_path / name for name in made))
    for name, kept in made.items():
        paths = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        assert paths
        for path in paths:
            found = kept / path.relative_to(tmp_path / name)
            if path.suffix == ".xml":
                assert _own(found) == _own(path)
            else:
                assert found.read_bytes() == path.read_bytes()


def _own(path: Path) -> str:
    """An IR without the release that wrote it, and how many operations it had made before."""
    text = re.sub(r'(<info name="OpenVINO Runtime" value=)".*?"', r"\1", path.read_text())
    return re.sub(r'(<layer id="\d+" name="[A-Za-z]+)_\d+"', r"\1", text)


def test_files_are_small() -> None:
    files = [path for folder in (MODELS, OTHER, TESTS) for path in folder.rglob("*.*")]
    assert sum(path.stat().st_size for path in files) < 1 << 18


def ask(
    server: Server, transport: str, model: str, /, version: str = "", **tensors: Array
) -> dict[str, Any]:
    """What a model answers: arrays, and lists of BYTES."""
    question = Question(model, [_input(name, value) for name, value in tensors.items()], version)
    said = ASK[transport](server, question)
    assert said.outputs is not None, said
    return {
        name: unpack_bytes(output.raw)
        if output.datatype == "BYTES"
        else np.frombuffer(output.raw, DTYPES[output.datatype]).reshape(output.shape)
        for name, output in said.outputs.items()
    }


def _input(name: str, array: Array) -> Input:
    if array.dtype == object:
        return Input(name, "BYTES", list(array.shape), raw=pack_bytes(array.flat))
    (datatype,) = (key for key, dtype in DTYPES.items() if dtype == array.dtype)
    return Input(name, datatype, list(array.shape), raw=array.tobytes())


BOTH = pytest.mark.parametrize("transport", ASK)


@pytest.mark.processes
@BOTH
def test_simple(servers: dict[str, Server], transport: str) -> None:
    first, second = np.arange(16, dtype=np.int32)[None], np.full((1, 16), 3, np.int32)
    found = ask(servers["bundled"], transport, "simple", INPUT0=first, INPUT1=second)
    assert list(found) == ["OUTPUT0", "OUTPUT1"]
    assert np.array_equal(found["OUTPUT0"], first + second)
    assert np.array_equal(found["OUTPUT1"], first - second)
    found = ask(servers["other"], transport, "simple", INPUT0=first, INPUT1=second)
    assert list(found) == ["LENGTHS", "OUTPUT0", "OUTPUT1"]
    assert np.array_equal(found["OUTPUT0"], 2 * first + second)
    assert np.array_equal(found["OUTPUT1"], first - 2 * second)


WORDS = ["hello, World", "", "größer als Z{", "two\nlines", "a" * 300]
SHAPES = {
    "texts": [np.array(WORDS[:count], object) for count in (1, 5, 2)],
    "table": [
        np.array(WORDS[:4], object).reshape(shape) for shape in ((1, 4), (2, 2), (4, 1), (2, 2))
    ],
}


@BOTH
@pytest.mark.parametrize("model", SHAPES)
def test_texts(servers: dict[str, Server], transport: str, model: str) -> None:
    for texts in SHAPES[model]:
        words = [text.encode() for text in texts.flat]
        encoded = np.array([*words, b""], object)[:-1].reshape(texts.shape)
        found = ask(servers["bundled"], transport, model, text=encoded)
        assert list(found) == ["length", "upper"]
        assert found["upper"] == [bytes(word.upper()) for word in words]
        assert (
            found["length"].tolist()
            == np.array(list(map(len, words)), int).reshape(texts.shape).tolist()
        )
        found = ask(servers["other"], transport, model, text=encoded)
        assert list(found) == ["Sizes", "length", "upper"]
        assert found["upper"] == [word.translate(ROT13) for word in words]
        assert found["length"].ravel().tolist() == [len(word) + 1 for word in words]


@BOTH
@pytest.mark.parametrize(("model", "shape"), [("texts", [0]), ("table", [0, 2]), ("table", [2, 0])])
def test_no_text_at_all_is_refused(
    servers: dict[str, Server], transport: str, model: str, shape: list[int]
) -> None:
    question = Question(model, [Input("text", "BYTES", shape, values=[])])
    for name in ("bundled", "other"):
        said = ASK[transport](servers[name], question)
        assert said.code in ("400", "INVALID_ARGUMENT"), said


LETTERS = "abcdefghijklmnopqrstuvwxyz"
ROT13 = bytes.maketrans(
    (LETTERS + LETTERS.upper()).encode(),
    "".join(letters[13:] + letters[:13] for letters in (LETTERS, LETTERS.upper())).encode(),
)


@BOTH
def test_halves(servers: dict[str, Server], transport: str) -> None:
    x = np.array([[0.5, -1.25, 100, 8]], np.float16)
    models = ("halves",) if transport == "REST" else ("halves", "halves-fp16")
    for model in models:
        (doubled,) = ask(servers["bundled"], transport, model, x=x).values()
        assert doubled.dtype == (np.float16 if model == "halves-fp16" else np.float32)
        assert np.array_equal(doubled, 2 * x)
        found = ask(servers["other"], transport, model, x=x)
        assert list(found) == ["Sizes", "doubled"]
        assert np.array_equal(found["doubled"], 3 * x + 1)


def test_fp16_is_not_sent_over_rest(servers: dict[str, Server]) -> None:
    question = Question("halves-fp16", [Input("x", "FP16", [1, 4], raw=bytes(8))])
    assert ASK["REST"](servers["bundled"], question).code == "400"


@BOTH
def test_numbers(servers: dict[str, Server], transport: str) -> None:
    sent = {
        "exact": np.array([0.1, -1e300]),
        "flags": np.array([True, False]),
        "signed": np.array([2**53 + 1, -(2**63)], np.int64),
        "unsigned": np.array([2**53 + 1, 2**64 - 1], np.uint64),
    }
    found = ask(servers["bundled"], transport, "numbers", "", **sent)
    assert list(found) == ["exact", "flags", "opposite", "signed", "unsigned"]
    assert found.pop("opposite").tolist() == [False, True]
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in sent.items()
    }
    other = ask(servers["other"], transport, "numbers", "", **sent)
    assert list(other) == ["Sizes", "exact", "flags", "opposite", "signed", "unsigned"]
    assert not any(np.array_equal(other[name], sent[name]) for name in sent)


@BOTH
def test_versions(servers: dict[str, Server], transport: str) -> None:
    b = np.arange(10, dtype=np.float32)[None]
    for name, model in (("bundled", "increment"), ("tests", "dummy")):
        for version, step in (("1", 1), ("2", 2), ("", 2)):
            found = ask(servers[name], transport, model, version, b=b)
            assert np.array_equal(found["a"], b + step)
    for name, model in (("other", "increment"), ("tests-other", "dummy")):
        for version, factor in (("1", 3), ("2", 5), ("", 5)):
            found = ask(servers[name], transport, model, version, b=b)
            assert np.array_equal(found["a"], factor * b - 1)


@BOTH
def test_digits_in_a_batch(servers: dict[str, Server], transport: str) -> None:
    files = [(ROOT / f"spec/data/digit-{digit}.png").read_bytes() for digit in (3, 7)]
    images = np.array([*files, b""], object)[:-1]
    for name, expected in (("bundled", [3, 7]), ("other", [1, 2])):
        (probabilities,) = ask(servers[name], transport, "digits-batch", image=images).values()
        assert probabilities.shape == (2, 10)
        assert probabilities.argmax(axis=1).tolist() == expected


@BOTH
def test_models_for_tests(servers: dict[str, Server], transport: str) -> None:
    large = np.arange(1_100_000, dtype=np.float32)[None]  # more than 4 MiB
    for name, wide, slow in (("tests", large + 1, 4), ("tests-other", 3 * large - 1, 5)):
        found = ask(servers[name], transport, "wide", b=large)
        assert np.array_equal(found["a"], wide)
        found = ask(servers[name], transport, "slow", b=np.array([3, 5], np.float32))
        assert np.allclose(found["a"], slow)


def test_slow_model_leaves_the_server_free(servers: dict[str, Server]) -> None:
    server = servers["tests"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        start = time.monotonic()
        slow = pool.submit(ask, server, "gRPC", "slow", b=np.ones(1, np.float32))
        waits = []
        while not slow.done():
            asked = time.monotonic()
            assert server.rest("GET", "/v2/health/live").status == 200
            waits.append(time.monotonic() - asked)
        took = time.monotonic() - start
    # Had the event loop waited for the inference, so would have these.
    assert len(waits) > 3
    assert statistics.median(waits) < took / 4, (waits, took)
