"""The spec: every rule and its message, and own folders laid over the packaged one.

A folder of `cases` holds a wrong spec, wrong templates or both, and in `stderr.txt` what
`samplegen generate` says of them. A new folder is a new test.
"""

from pathlib import Path

import pytest

from samplegen import cli
from samplegen.errors import SamplegenError, UsageError, nearest
from samplegen.resources import PACKAGED, Layers, shown, spec_layers
from samplegen.spec.operation import Operation
from samplegen.spec.reading import Spec
from tests.conftest import ROOT

CASES = ROOT / "tests/cases"

OPERATION = """
title: A title
summary: A summary.
form: infer
calls: [{rpc: ModelInfer, rest: POST /v2/infer}]
expect: [{label: a, value: 1}]
"""

API = """
title: Own
summary: An API of its own.
proto: own.proto
connection: {host: example.org, grpc_port: 1, rest_port: 2, model: own, model_version: ""}
deadline: 5
server: {title: own, command: [own], install: nothing, ready: /ready, metadata: /}
"""


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_wrong_spec_or_templates(
    case: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(CASES / case)
    monkeypatch.setenv("NO_COLOR", "1")
    own = [
        word
        for name in ("spec", "templates")
        if Path(name).is_dir()
        for word in (f"--{name}", name)
    ]
    status = cli.run(["generate", "--output", str(tmp_path / "samples"), *own])
    printed = capsys.readouterr()
    assert printed.err == Path("stderr.txt").read_text()
    assert (status, printed.out) == (1, "")
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def spec(folder: Path, **files: str) -> Spec:
    """A spec of own files over the packaged ones; `__` in a name stands for `-`."""
    for name, content in files.items():
        (folder / f"{name.replace('__', '-')}.yaml").write_text(content)
    return Spec(spec_layers([folder]))


def operation(folder: Path, content: str) -> Operation:
    return spec(folder, own=OPERATION + content).operation("own")


def test_an_operation_is_read_as_written(tmp_path: Path) -> None:
    read = operation(
        tmp_path,
        """
model: dummy
inputs:
  - {name: b, datatype: FP32, shape: [1, 2], data: [1, 2.5]}
  - {name: image, datatype: BYTES, shape: [1], file: digit-7.png}
outputs:
  - {name: a, datatype: INT64, shape: [2, 1]}
  - {name: c, datatype: BOOL, shape: []}
""",
    )
    assert (read.name, read.title, read.form, read.order) == ("own", "A title", "infer", 1000)
    assert (read.calls[0].method, read.calls[0].path) == ("POST", "/v2/infer")
    assert [repr(value) for value in read.inputs[0].elements] == ["1.0", "2.5"]
    assert read.files == ("digit-7.png",)
    assert read.output_names == ("a", "c")
    assert (read.outputs[0].shape, read.outputs[0].elements) == ((2, 1), ())


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        ("BOOL", "[true, false]"),
        ("UINT8", "[0, 255]"),
        ("UINT64", "[0, 18446744073709551615]"),
        ("INT8", "[-128, 127]"),
        ("INT64", "[-9223372036854775808, 9223372036854775807]"),
        ("FP16", "[65504, -65504]"),
        ("FP32", "[3.4028234663852886e38, -.inf]"),
        ("FP64", "[1.7976931348623157e308, .nan]"),
        ("BYTES", "['', no]"),
    ],
)
def test_a_datatype_holds_all_its_values(datatype: str, data: str, tmp_path: Path) -> None:
    tensor = f"inputs: [{{name: b, datatype: {datatype}, shape: [2], data: {data}}}]"
    assert len(operation(tmp_path, tensor).inputs[0].elements) == 2


def test_an_empty_tensor_and_a_scalar_are_tensors(tmp_path: Path) -> None:
    empty = "{name: b, datatype: FP32, shape: [0, 3], data: []}"
    scalar = "{name: c, datatype: INT8, shape: [], data: [1]}"
    read = operation(tmp_path, f"inputs: [{empty}, {scalar}]")
    assert [tensor.elements for tensor in read.inputs] == [(), (1,)]


def test_an_expected_value_keeps_its_type(tmp_path: Path) -> None:
    content = OPERATION.replace("value: 1}", "value: [1, 1.0, '1', true]}, {label: b, value: no}")
    read = spec(tmp_path, own=content).operation("own")
    assert [repr(value) for value in read.expect[0].values] == ["1", "1.0", "'1'", "True"]
    assert read.expect[1].value == ("no",)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("helth", "did you mean 'health'?"),
        ("infer_array", "did you mean 'infer-array'?"),
        (
            "zzz",
            "known: health, infer-array, infer-binary, infer-fp16, infer-image, infer-simple, "
            "infer-strings, model-metadata, server-metadata",
        ),
        ("", "known: health"),
        ("api", "known: health"),
        ("../spec/health", "did you mean 'health'?"),
        ("x" * 5000, "known: health"),
        ("a\0b", "known: health"),
        ("\udcff", "known: health"),
    ],
)
def test_an_unknown_operation_gets_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        Spec(spec_layers()).operation(name)
    assert str(caught.value).startswith(f"no operation {name!r}; {hint}")


def test_nearest_without_any_name() -> None:
    assert nearest("x", []) == "none is known"


def test_an_own_file_is_laid_over_the_packaged_one_and_a_new_one_is_added(tmp_path: Path) -> None:
    own = spec(tmp_path, health=OPERATION, new=f"{OPERATION}order: 1\n")
    packaged = Spec(spec_layers())
    assert own.operation("health").title == "A title"
    assert own.operation("infer-array") == packaged.operation("infer-array")
    assert own.api == packaged.api
    assert [o.name for o in own.operations()] == [
        "new", "server-metadata", "model-metadata", "infer-image", "infer-array", "infer-strings",
        "infer-simple", "infer-binary", "infer-fp16", "health",
    ]  # fmt: skip


def test_the_first_of_several_own_folders_wins(tmp_path: Path) -> None:
    for name in ("upper", "lower"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "new.yaml").write_text(OPERATION.replace("A title", name))
    (tmp_path / "lower/other.yaml").write_text(OPERATION)
    own = Spec(spec_layers([tmp_path / "upper", tmp_path / "lower"]))
    assert own.operation("new").title == "upper"
    assert own.operation("other").title == "A title"


def test_an_own_data_file_is_found_beside_the_packaged_ones(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/own.png").touch()
    own = Spec(spec_layers([tmp_path]))
    assert own.data("own.png") == tmp_path / "data/own.png"
    assert own.data("digit-7.png") == PACKAGED / "spec/data/digit-7.png"
    for name in ("none.png", ".", ""):
        with pytest.raises(SamplegenError, match="no such file in the spec"):
            own.data(name)


def test_an_own_api_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "own.proto").touch()
    own = spec(tmp_path, api=API, new=OPERATION)
    assert own.names == ("new",)
    assert own.api.title == "Own"
    assert own.api.connection.model == "own"
    with pytest.raises(UsageError, match="no operation 'health'; known: new"):
        own.operation("health")


def test_mistakes_of_all_operations_are_told_together(tmp_path: Path) -> None:
    own = spec(tmp_path, one="title: 5\n", two="", infer__array="[")
    with pytest.raises(SamplegenError) as caught:
        own.operations()
    assert {problem.path and problem.path.name for problem in caught.value.problems} == {
        "one.yaml", "two.yaml", "infer-array.yaml"
    }  # fmt: skip


def test_a_dangling_link_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SamplegenError, match=r"gone\.yaml: cannot be read: No such file"):
        Spec(spec_layers([tmp_path])).operation("gone")


@pytest.mark.parametrize("name", ["nowhere", "file", "x" * 300])
def test_a_spec_folder_that_is_none(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="no such folder; name an existing one"):
        spec_layers([tmp_path / name])


def test_all_missing_folders_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        spec_layers([Path("one"), Path("two")])
    assert [str(problem).partition(":")[0] for problem in caught.value.problems] == ["one", "two"]


def test_layers_find_nothing_where_nothing_can_be(tmp_path: Path) -> None:
    layers = Layers((tmp_path,))
    assert [layers.find(name) for name in ("none", "x" * 300, "a\0b")] == [None] * 3


def test_a_path_elsewhere_is_shown_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert shown(tmp_path / "there.yaml") == tmp_path / "there.yaml"
    assert shown(tmp_path / "here/x.yaml") == Path("x.yaml")


def test_more_data_than_compilers_take_as_literals_is_refused(tmp_path: Path) -> None:
    data = ", ".join(["1"] * 2001)
    tensor = f"{{name: x, datatype: INT8, shape: [2001], data: [{data}]}}"
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "own.proto").write_text("")
    (tmp_path / "long.yaml").write_text(f"{OPERATION}inputs: [{tensor}]\n")
    spec = Spec(Layers((tmp_path,)))
    assert len(spec.operation("long").inputs[0].elements) == 2001
    (tmp_path / "longer.yaml").write_text(f"{OPERATION}inputs: [{tensor}, {tensor}]\n")
    with pytest.raises(SamplegenError, match="found 4,002 elements of data; expected at most"):
        Spec(Layers((tmp_path,))).operation("longer")


JSON = """{
  "title": "t", "summary": "s", "form": "infer", "model": "m",
  "calls": [{"rpc": "ModelInfer", "rest": "POST /v2"}],
  "inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "data": [%s]}],
  "outputs": [], "expect": [{"label": "x", "value": [%s]}]
}
"""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"Great \ud83d\ude00"', "Great 😀"),
        (r'"\uD83D\uDE00\ud83d\ude01"', "😀😁"),
        (r'"\\ud83d\\ude00 \ud83d\ude00"', r"\ud83d\ude00 😀"),
        (r'"\\\ud83d\ude00"', "\\😀"),
        (r'"caf\u00e9"', "café"),
    ],
)
def test_json_is_pasted_as_other_tools_write_it(written: str, meant: str, tmp_path: Path) -> None:
    read = spec(tmp_path, own=JSON % (written, written)).operation("own")
    assert read.inputs[0].data == (meant,)
    assert read.expect[0].value == (meant,)


def test_where_a_backslash_means_nothing_pairs_of_surrogates_stay(tmp_path: Path) -> None:
    read = spec(tmp_path, own=f"{OPERATION}description: '\\ud83d\\ude00'\n").operation("own")
    assert read.description == "\\ud83d\\ude00"


INFER = """title: t
summary: s
form: infer
model: m
calls: [{rpc: ModelInfer, rest: POST /v2}]
inputs:
  - {name: x, datatype: FP32, shape: %s, data: %s}
expect: [{label: y, value: %s}]
"""


def test_lists_in_lists_are_taken_row_by_row(tmp_path: Path) -> None:
    nested = INFER % ("[2, 1, 3]", "[[[1, 2, 3]], [[4, 5, 6]]]", "[[1, 2], [3, 4]]")
    read = spec(tmp_path, own=nested).operation("own")
    assert read.inputs[0].elements == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert read.expect[0].value == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("shape", "data", "expected"),
    [
        ("[3, 2]", "[[1, 2, 3], [4, 5, 6]]", r"lists of the shape \[2, 3\]; expected \[3, 2\]"),
        ("[2, 2]", "[[1, 2], [3]]", "lists of different lengths"),
        ("[2]", "[1, [2]]", "lists of different lengths"),
    ],
)
def test_lists_in_lists_have_the_shape_of_their_tensor(
    shape: str, data: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(SamplegenError, match=expected):
        spec(tmp_path, own=INFER % (shape, data, "1")).operation("own")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("a" * 65_535, True), ("a" * 65_536, False), ("é" * 32_768, False), ("😀" * 10_923, False)],
)
def test_a_text_is_no_longer_than_compilers_take(text: str, allowed: bool, tmp_path: Path) -> None:
    own = spec(tmp_path, own=JSON % (f'"{text}"', '"x"'))
    if allowed:
        assert own.operation("own").inputs[0].data == (text,)
        return
    with pytest.raises(SamplegenError, match=r"bytes; expected at most 65,535.*'cycle' or 'file'"):
        own.operation("own")


def test_an_empty_list_is_a_value(tmp_path: Path) -> None:
    read = spec(tmp_path, own=INFER % ("[0]", "[]", "[]")).operation("own")
    assert read.expect[0].value == ()
    assert read.inputs[0].elements == ()


def test_an_operation_holds_elsewhere_as_it_says(tmp_path: Path) -> None:
    own = f"{OPERATION}model_version: '3'\n".replace("{label: ", "{elsewhere: '.*', label: ", 1)
    read = spec(tmp_path, own=own).operation("own")
    assert read.model_version == "3"
    first, *others = read.elsewhere.expect
    assert (first.value, first.pattern) == (None, ".*")
    assert others == [*read.expect[1:]]


def test_what_another_server_of_ours_answers_is_expected_of_no_server_elsewhere(
    tmp_path: Path,
) -> None:
    own = f"{OPERATION}other:\n  - {{label: another, value: 1}}\n"
    read = spec(tmp_path, own=own).operation("own")
    assert read.other and not read.elsewhere.other
