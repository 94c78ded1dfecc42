"""YAML is read as version 1.2 does, and every mistake is told at its line and column."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, StrictInt, StrictStr

from samplegen.errors import SamplegenError
from samplegen.spec.operation import OperationFile
from samplegen.yamlfile import load, read


@dataclass(frozen=True, kw_only=True)
class Inner:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    number: StrictInt


@dataclass(frozen=True, kw_only=True)
class Outer:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    title: StrictStr
    inners: tuple[Inner, ...] = ()
    words: dict[str, StrictStr] | None = None


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write; its messages start with its name, whatever the folder."""
    return tmp_path_factory.mktemp("yaml") / "file.yaml"


def values(path: Path, content: str | bytes) -> Any:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path).values


def mistakes(path: Path, content: str | bytes, kind: type[Any] | None = None) -> list[str]:
    """The problems of a file, each from the file's line on."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SamplegenError) as caught:
        read(path) if kind is None else load(path, kind)
    assert {problem.path for problem in caught.value.problems} == {path}
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("On", "On"),
        ("y", "y"),
        ("2001-01-01", "2001-01-01"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("=", "="),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", None),
        ("12", 12),
        ("-012", -12),
        ("+7", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1e-6", 1e-6),
        ("1E3", 1000.0),
        ("-.5", -0.5),
        ("3.", 3.0),
        (".", "."),
        ("-", [None]),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!float 12", 12.0),
        ('"\\0\\x1b\\u202e"', "\0\x1b\u202e"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(scalar: str, value: object, path: Path) -> None:
    found = values(path, scalar) if scalar == "-" else values(path, f"a: {scalar}")["a"]
    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_a_number(path: Path) -> None:
    assert [math.isnan(value) for value in values(path, "[.nan, .NaN, .NAN]")] == [True] * 3


def test_keys_are_text_whatever_they_look_like(path: Path) -> None:
    content = "1: a\ntrue: b\n~: c\n<<: {d: e}\n"
    assert values(path, content) == {"1": "a", "true": "b", "~": "c", "<<": {"d": "e"}}


def test_an_alias_stands_for_its_anchor(path: Path) -> None:
    assert values(path, "a: &x [1, {b: 2}]\nc: *x\n") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(path: Path) -> None:
    assert values(path, "\ufeffa: 1\r\nb: |\r\n  x\r\n".encode()) == {"a": 1, "b": "x\n"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "1:1: found an empty file; expected a mapping"),
        ("# only a comment\n", "1:1: found an empty file; expected a mapping"),
        ("a: 1\n b: 2\n", "2:3: not YAML: mapping values are not allowed in this context"),
        ("a: [1,\n", "2:1: not YAML: while parsing a flow node: did not find expected"),
        ("a: 'b\n", "2:1: not YAML: while scanning a quoted scalar: found unexpected end of"),
        ("a:\n\t- b\n", "2:1: not YAML: while scanning for the next token: found character that"),
        ("a: *b\n", "1:4: not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "2:1: not YAML: expected a single document in the stream"),
        ('a: "\\ud800"\n', "1:7: not YAML: while parsing a quoted scalar: found invalid Unicode"),
        ("a: 1\nb: \x07\n", "2:4: not YAML: found the control character U+0007; remove it"),
        (b"a: 1\nb: \xc3\xa9\xff\n", "2:5: found the byte 0xff, which is not UTF-8; save the file"),
        ("a: 1\nb: 2\na: 3\n", "3:1: 'a' is repeated, first on line 1; keep one of them"),
        ("1: a\n'1': b\n", "2:1: '1' is repeated, first on line 1; keep one of them"),
        ("a: &x {b: [*x]}\n", "1:4: found an alias inside the value that it refers to; write"),
        ("? [a, b]\n: 1\n", "1:3: found a list or a mapping as a key; expected text"),
        ("a: !!bool maybe\n", "1:4: found the tag !!bool before 'maybe'; remove the tag"),
        ("a: !!timestamp x\n", "1:4: found the tag !!timestamp before 'x'; remove the tag"),
        ("a: !!float ''\n", "1:4: found the tag !!float before ''; remove the tag"),
        ("a: !!binary aGk=\n", "1:4: found the tag !!binary before 'aGk='; remove the tag"),
        ("a: !!python/name:os.system x\n", "1:4: found the tag !!python/name:os.system before"),
        ("a: " + "9" * 5000, "1:4: found a number of 5000 digits; write a shorter one"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_place(
    content: str | bytes, message: str, path: Path
) -> None:
    (found,) = mistakes(path, content)
    assert found.startswith(message)


def test_all_repeated_keys_and_wrong_tags_are_told_at_once(path: Path) -> None:
    content = "a: 1\na: !x 2\nb: {c: 1, c: 2}\na: 3\n"
    assert [found.partition(";")[0] for found in mistakes(path, content)] == [
        "2:1: 'a' is repeated, first on line 1",
        "2:4: found the tag !x before '2'",
        "3:11: 'c' is repeated, first on line 3",
        "4:1: 'a' is repeated, first on line 2",
    ]


@pytest.mark.parametrize("nested", ["[" * 60, "[" * 1_000_000, "- " * 100_000, "{a: " * 60])
def test_deep_nesting_is_a_message_and_no_crash(nested: str, path: Path) -> None:
    (found,) = mistakes(path, nested)
    assert found.endswith("found more than 50 levels of nesting; write it flatter")


def test_aliases_of_aliases_do_not_fill_the_memory(path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 20)]
    started = time.process_time()
    (found,) = mistakes(path, "\n".join(lines))
    assert "found more than 200,000 values, those of aliases included; use fewer" in found
    assert time.process_time() - started < 20


def test_files_that_cannot_be_opened_are_one_message(tmp_path: Path) -> None:
    for path, cause in (
        (tmp_path / "none.yaml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        with pytest.raises(SamplegenError, match=f"cannot be read: {cause}"):
            read(path)
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.raises(SamplegenError, match="cannot be read: Too many levels of symbolic links"):
        read(loop)


def test_messages_name_a_file_below_the_current_folder_as_one_types_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.yaml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SamplegenError, match=r"^sub/a\.yaml:1:1: found an empty file"):
        read(tmp_path / "sub" / "a.yaml")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("title: 5\n", ["1:8: title: found 5; expected text"]),
        ("title: no\n", []),
        ("{}\n", ["1:1: 'title' is missing; add it"]),
        ("- a\n", ["1:1: found ['a']; expected a mapping"]),
        ("title: x\nwords: [a]\n", ["2:8: words: found ['a']; expected a mapping"]),
        ("title: x\ninners: {a: 1}\n", ["2:9: inners: found {'a': 1}; expected a list"]),
        ("title: x\ninners: [5]\n", ["2:10: inners.0: found 5; expected a mapping"]),
        (
            "titel: x\ninners:\n  - {number: '1'}\n  - {nmber: 1}\n",
            [
                "1:1: 'title' is missing; add it",
                "1:1: found the unknown key 'titel'; did you mean 'title'?",
                "3:14: inners.0.number: found '1'; expected a valid integer",
                "4:5: 'number' is missing; add it",
                "4:6: found the unknown key 'nmber'; did you mean 'number'?",
            ],
        ),
        (
            "title: [" + "1, " * 100 + "]\n",
            ["1:8: title: found [" + ("1, " * 100)[:59] + "…; expected text"],
        ),
    ],
)
def test_every_wrong_value_is_told_with_what_was_expected(
    content: str, found: list[str], path: Path
) -> None:
    if found:
        assert mistakes(path, content, Outer) == found
    else:
        path.write_text(content)
        assert load(path, Outer) == Outer(title="no")


def test_a_mistake_in_an_alias_is_told_where_the_value_stands(path: Path) -> None:
    content = "title: x\ninners:\n  - &a {number: x}\n  - *a\n"
    assert mistakes(path, content, Outer) == [
        "3:17: inners.0.number: found 'x'; expected a valid integer",
        "3:17: inners.1.number: found 'x'; expected a valid integer",
    ]


def test_a_check_tells_its_mistakes_at_the_nearest_place_there_is(path: Path) -> None:
    path.write_text("title: x\ninners:\n  - number: 1\n")
    with pytest.raises(SamplegenError) as caught:
        load(path, Outer, lambda value: [(("inners", 0, "absent"), "one"), (("words",), "two")])
    assert [(p.line, p.column, p.message) for p in caught.value.problems] == [
        (1, 1, "two"),
        (3, 5, "one"),
    ]


SNIPPETS = [
    *"[]{}:,?-&*!|>'\"%@`#~<= \n\t\0\x85\u2028\ufeff\U0001f600", "a", "- ", ": ", "&a ", "*a",
    "!!bool ", "!!set", "!!int ", "!<x> ", "<<: ", "...\n", "---\n", "%YAML 1.1\n", '"\\u', "\r\n",
    "title: ", "expect: ", "inputs: ", "form: ", "1e999", "0x", "-.inf", "9" * 4301,
]  # fmt: skip


@given(st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=5), max_size=30).map("".join))
@settings(max_examples=80, deadline=None)
def test_arbitrary_text_is_read_or_refused_with_a_message(path: Path, text: str) -> None:
    load_or_refuse(path, text.encode(errors="surrogatepass"))


@given(st.binary(max_size=40))
@settings(max_examples=50, deadline=None)
def test_arbitrary_bytes_are_read_or_refused_with_a_message(path: Path, content: bytes) -> None:
    load_or_refuse(path, content)


DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["title", "summary", "form", "order", "model", "calls", "inputs", "outputs", "expect", "rpc",
     "rest", "name", "datatype", "shape", "data", "file", "label", "value", "pattern", "tolerance"]
) | st.text(max_size=3)  # fmt: skip


@given(
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(KEYS | SCALARS, inner, max_size=6)
        ),
        max_leaves=25,
    )
)
@settings(max_examples=80, deadline=None)
def test_arbitrary_structures_are_read_or_refused_with_a_message(
    path: Path, structure: object
) -> None:
    load_or_refuse(path, yaml.dump(structure, Dumper=DUMPER, allow_unicode=True).encode())


def load_or_refuse(path: Path, content: bytes) -> None:
    """Only a SamplegenError may come out, and each of its problems says where it stands."""
    path.write_bytes(content)
    try:
        load(path, OperationFile)
    except SamplegenError as error:
        for problem in error.problems:
            assert problem.path == path
            assert problem.line is not None
            assert problem.line >= 1
            assert problem.column is not None
            assert problem.column >= 1
            assert problem.message
