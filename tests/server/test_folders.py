"""Which folders are versions, and which file of one is the model."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from samplegen_server import folders
from samplegen_server.folders import Found, Picked
from samplegen_server.model_options import ModelConfig, VersionPolicy

from tests.server import formats


def find(path: Path) -> Found:
    return folders.find(ModelConfig("m", path))


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def pick(folder: Path, *names: str) -> Picked:
    touch(folder, *names)
    return folders.pick(folder, sorted(names))


# --- Versions -------------------------------------------------------------------------------------


def test_folders_named_by_a_positive_number_are_versions(tmp_path: Path) -> None:
    for name in ("1", "10", "0", "-1", "x", "²", "99999999999999999999", ".git"):
        touch(tmp_path / name, "model.onnx")
    touch(tmp_path, "5")
    found = find(tmp_path)
    assert list(found.sources) == [1, 10]
    assert not any(source.problem for source in found.sources.values())
    assert found.warning == (
        f"of the folders in {tmp_path}, -1, .git, 0, 99999999999999999999, x, ² are no version: "
        "the name of one is a whole number above 0, such as 1"
    )


@pytest.mark.parametrize(("name", "number"), [("02", 2), ("1.5", 1), ("3-new", 3), ("+4", 4)])
def test_folder_that_is_taken_for_a_version_and_not_found_again(
    tmp_path: Path, name: str, number: int
) -> None:
    touch(tmp_path / name, "model.onnx")
    (source,) = find(tmp_path).sources.values()
    assert list(find(tmp_path).sources) == [number]
    assert source.picked.path is None
    expected = f"looked for {tmp_path / str(number)}, found {tmp_path / name}; rename it to"
    assert source.problem.startswith(expected)


def test_folder_that_bears_the_very_number_is_the_version(tmp_path: Path) -> None:
    for name in ("2", "02", "2.0"):
        touch(tmp_path / name, "model.onnx")
    found = find(tmp_path)
    assert found.sources[2].picked.path == tmp_path / "2" / "model.onnx"
    assert "02, 2.0 are no version" in found.warning


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((), "found nothing; put the model's files into "),
        (("model.xml",), "found model.xml; put"),
        (("latest/model.onnx", "v1/model.onnx"), "found latest, v1; put"),
        (("model.xml", "model.bin"), "or give the path of the model file itself"),
        (tuple(f"{letter}.txt" for letter in "abcdefgh"), "f.txt and 2 more; put"),
    ],
)
def test_folder_without_versions(tmp_path: Path, names: tuple[str, ...], text: str) -> None:
    found = find(touch(tmp_path, *names))
    assert found.sources == {}
    assert found.warning.startswith(f"no version in {tmp_path}: found ")
    assert text in found.warning
    assert f"put the model's files into {tmp_path / '1'}" in found.warning


def test_folder_of_models_and_folder_of_one_version(tmp_path: Path) -> None:
    touch(tmp_path, "models/resnet/1/model.onnx", "models/notes.txt")
    found = find(tmp_path / "models")
    assert found.warning == (
        f"no version in {tmp_path}/models: found notes.txt, resnet; "
        f"this is a folder of models, give that of one, such as {tmp_path}/models/resnet"
    )
    found = find(tmp_path / "models" / "resnet" / "1")
    assert found.warning == (
        f"no version in {tmp_path}/models/resnet/1: found model.onnx; "
        f"this is one version, give the folder above it: {tmp_path}/models/resnet"
    )


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    touch(tmp_path / "models", "resnet/1/model.onnx")
    found = find(tmp_path / "models" / "resnett" / "x")
    assert found.problem == (
        f"{tmp_path}/models/resnett/x is not there ({tmp_path}/models is, and holds resnet); "
        "expected a folder with a folder for each version (1, 2, …), or one model file"
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a" * 300, "cannot be read: File name too long"),
        ("a/" * 3000, "cannot be read: File name too long"),
        ("a\0b", "is no path"),
        ("\ud800", "is no path"),
        ("file/1", "is not there"),
    ],
)
def test_path_that_cannot_be_looked_at(tmp_path: Path, name: str, problem: str) -> None:
    touch(tmp_path, "file")
    found = find(tmp_path / name)
    assert problem in found.problem
    assert str(tmp_path) in found.problem


def test_path_that_is_neither_file_nor_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "pipe is neither a file nor a folder" in find(tmp_path / "pipe").problem


@contextlib.contextmanager
def forbidden(folder: Path) -> Iterator[None]:
    """A folder that may not be read; the superuser, who may, gives that right up meanwhile."""
    user = os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_folder_that_may_not_be_read() -> None:
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        closed = Path(home, "closed")
        touch(closed, "1/model.onnx")
        with forbidden(closed):
            assert find(closed).problem == f"{closed} cannot be read: Permission denied"
            for inner in ("1", "1/model.onnx", "no/such"):
                problem = find(closed / inner).problem
                assert problem.startswith(f"{closed / inner} cannot be read: Permission denied")
                assert f"({closed} is, and cannot be read: Permission denied)" in problem
        with forbidden(closed / "1"):
            source = find(closed).sources[1]
            assert source.problem == f"{closed / '1'} cannot be read: Permission denied"


def test_version_that_is_a_link_to_nowhere(tmp_path: Path) -> None:
    touch(tmp_path, "1/model.onnx", "2", "3.onnx")
    (tmp_path / "4").symlink_to("away")
    found = find(tmp_path)
    assert list(found.sources) == [1]
    assert found.warning == (
        f"{tmp_path / '4'} is no version: it is a link to away, which is not there"
    )
    (tmp_path / "away").mkdir()
    touch(tmp_path, "away/model.onnx")
    assert list(find(tmp_path).sources) == [1, 4]


def test_only_version_is_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "1").symlink_to(tmp_path / "away")
    warning = find(tmp_path).warning
    assert f"no version in {tmp_path}: found 1; " in warning
    assert f"1 is no version: it is a link to {tmp_path / 'away'}, which is not there" in warning


def test_versions_that_the_policy_asks_for_and_that_are_not_there(tmp_path: Path) -> None:
    touch(tmp_path, "1/model.onnx", "3/model.onnx")
    found = find(tmp_path)
    policy = VersionPolicy(specific=frozenset({1, 2, 7}))
    text = "model_version_policy asks for 2, 7, which are not there: found 1, 3"
    assert folders.missing(policy, found) == text
    assert folders.missing(VersionPolicy(), found) == ""


# --- Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", formats.FORMATS)
def test_format(tmp_path: Path, name: str) -> None:
    formats.write(tmp_path / "1", name)
    touch(tmp_path / "1", "notes.txt")
    (source,) = find(tmp_path).sources.values()
    assert (source.picked.format, source.picked.left) == (name, ())
    expected = tmp_path / "1"
    if name != "TensorFlow SavedModel":
        expected /= next(iter(sorted(formats.FORMATS[name](), reverse=True)))
    assert source.picked.path == expected


def test_formats_have_an_order(tmp_path: Path) -> None:
    names = ["m.xml", "m.bin", "m.onnx", "m.pdmodel", "m.pdiparams", "m.pb", "m.tflite"]
    chosen = []
    while names:
        folder = tmp_path / str(len(names))
        picked = pick(folder, *names)
        assert picked.path is not None
        chosen.append(picked.path.name)
        assert all(reason.endswith(f"comes before {_format(reason)}") for reason in picked.left)
        names = [name for name in names if not name.startswith(_pair(picked.path.name))]
    assert chosen == ["m.xml", "m.onnx", "m.pdmodel", "m.pb", "m.tflite"]


def _format(reason: str) -> str:
    suffix = Path(reason.partition(",")[0]).suffix
    return next(one.name for one in folders.FORMATS if one.suffixes[0] == suffix)


def _pair(name: str) -> tuple[str, ...]:
    (one,) = (one for one in folders.FORMATS if one.suffixes[0] == Path(name).suffix)
    return tuple(Path(name).stem + suffix for suffix in one.suffixes)


@pytest.mark.parametrize(
    ("names", "chosen", "left"),
    [
        (("a.onnx", "b.onnx"), "a.onnx", "b.onnx, since a.onnx comes first"),
        (("m.xml", "m.onnx"), "m.onnx", "m.xml has no .bin file beside it"),
        (("m.pdmodel", "m.tflite"), "m.tflite", "m.pdmodel has no .pdiparams file beside it"),
        (("m.pdiparams", "m.pb"), "m.pb", "m.pdiparams has no .pdmodel file beside it"),
        (("a.xml", "b.xml", "b.bin"), "b.xml", "a.xml, since b.xml comes first"),
        (("a.xml", "weights.bin", "m.onnx"), "a.xml", "OpenVINO IR comes before ONNX"),
        (("keras_metadata.pb", "saved_model.pb"), "", "keras_metadata.pb, since saved_model.pb"),
        (("fingerprint.pb", "saved_model.pb", "x.onnx"), "x.onnx", "ONNX comes before TensorFlow"),
    ],
)
def test_file_that_is_left_aside_is_told_with_the_reason(
    tmp_path: Path, names: tuple[str, ...], chosen: str, left: str
) -> None:
    picked = pick(tmp_path, *names)
    assert picked.path == tmp_path / chosen
    assert any(left in reason for reason in picked.left)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((), "found nothing; expected .xml with .bin, .onnx, .pdmodel with .pdiparams, .pb or"),
        (("model.h5", "model.pt"), "found model.h5, model.pt; expected .xml with .bin"),
        (("model.xml",), "model.xml has no .bin file beside it"),
        (("model.bin",), "model.bin has no .xml file beside it"),
        (("model.ONNX",), "found model.ONNX; expected"),
        (("inner/model.onnx",), "found nothing; expected"),
    ],
)
def test_version_without_a_model(tmp_path: Path, names: tuple[str, ...], text: str) -> None:
    (tmp_path / "1").mkdir()
    touch(tmp_path / "1", *names)
    (source,) = find(tmp_path).sources.values()
    assert source.problem.startswith(f"no model in {tmp_path / '1'}: found ")
    assert text in source.problem


@pytest.mark.parametrize(
    ("path", "names", "chosen"),
    [
        ("m.xml", ("m.xml", "m.bin", "m.onnx"), "m.xml"),
        ("m.onnx", ("m.xml", "m.bin", "m.onnx", "a.onnx"), "m.onnx"),
        ("m.pdmodel", ("m.pdmodel", "m.pdiparams"), "m.pdmodel"),
        ("m.pdiparams", ("m.pdmodel", "m.pdiparams"), "m.pdmodel"),
        ("saved_model.pb", ("saved_model.pb", "m.onnx"), ""),
        ("frozen.pb", ("saved_model.pb", "frozen.pb"), "frozen.pb"),
        ("m.tflite", ("m.tflite",), "m.tflite"),
    ],
)
def test_path_to_one_file_is_version_one(
    tmp_path: Path, path: str, names: tuple[str, ...], chosen: str
) -> None:
    touch(tmp_path, *names)
    found = find(tmp_path / path)
    assert found.sources[1].picked.path == tmp_path / chosen
    assert found.sources[1].picked.left == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("m.bin", "m.bin is no model file: expected .xml with .bin, .onnx,"),
        ("m.h5", "m.h5 is no model file"),
        ("README", "README is no model file"),
    ],
)
def test_path_to_another_file(tmp_path: Path, path: str, text: str) -> None:
    assert text in find(touch(tmp_path, path) / path).problem


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("m.xml", "m.xml cannot be served: m.xml has no .bin file beside it"),
        ("m.pdmodel", "m.pdmodel has no .pdiparams file beside it"),
        ("m.pdiparams", "m.pdiparams has no .pdmodel file beside it"),
    ],
)
def test_path_to_half_a_model(tmp_path: Path, path: str, text: str) -> None:
    (source,) = find(touch(tmp_path, path) / path).sources.values()
    assert text in source.problem


# --- Changes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["saved_model.pb", "variables/variables.index"])
def test_change_of_any_part_is_seen(tmp_path: Path, part: str) -> None:
    touch(tmp_path / "1", "saved_model.pb", "variables/variables.index")
    before = find(tmp_path).sources[1]
    assert find(tmp_path).sources[1] == before
    (tmp_path / "1" / part).write_text("new")
    assert find(tmp_path).sources[1] != before


def test_change_of_the_weights_and_the_mapping_of_one_file_is_seen(tmp_path: Path) -> None:
    touch(tmp_path, "m.xml", "m.bin")
    stamps = [find(tmp_path / "m.xml").sources[1].stamp]
    for name in ("m.bin", "mapping_config.json"):
        (tmp_path / name).write_text("new")
        stamps.append(find(tmp_path / "m.xml").sources[1].stamp)
    assert len(set(stamps)) == 3


def test_folder_that_goes_while_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "1/model.onnx")
    is_dir = Path.is_dir

    def vanish(path: Path) -> bool:
        answer = is_dir(path)
        if path.name == "1" and answer:
            shutil.rmtree(path)
        return answer

    monkeypatch.setattr(Path, "is_dir", vanish)
    (source,) = find(tmp_path).sources.values()
    assert source.problem == f"{tmp_path / '1'} cannot be read: No such file or directory"
