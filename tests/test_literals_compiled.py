"""Values of compiled languages: written into a program, built and run, they come back the same."""

import math
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samplegen.render.layout.marks import plain, spans, value
from samplegen.render.literals import LITERALS, LiteralError
from tests.conftest import missing

pytestmark = pytest.mark.processes

NASTY = [
    "QUJD" * 17_500,  # javac takes no constant of more than 65,535 bytes
    "\U0001f600é" * 12_000,
    "",
    " ",
    "\"'`$\\",
    "\\u0022; System.exit(1); //",
    "\\u000a",
    "line\nline\r\n\ttab",
    "NUL\0and 7",
    "\x01\x7f\x85\xad",
    "??/ ??= ???",
    "%s %d {} ${HOME} $(id) `id` '; rm -rf ~; '",
    "*/ /* // #",
    "naïve 日本語 \u202e \ufeff \ufffe",
    "😀\U000e0001\U0010ffff",
]
COMMENTS = [
    "a path: C:\\users\\",
    "\\u000a System.exit(1); and \\u+ \\\\u000a",
    "trigraph ??/ and again ??/",
    "*/ \n #error",
]
NASTY_FLOATS = [0.0, -0.0, 0.1, 1e-45, 5e-324, 3.4028234e38, 1.7976931348623157e308, math.inf]
NANS = {f"{prefix}c00000" for prefix in ("7f", "ff")}
NANS |= {"7ff8000000000000", "7ff8000000000001", "fff8000000000000"}
NASTY_FLOATS += [-math.inf, math.nan, 1e16, 1e-7, 123456789.0, 16777217.0]


@dataclass(frozen=True)
class Compiled:
    """A language, and the programs that print the values in it."""

    literals: str
    file: str
    program: str
    """Takes a comment and, for each datatype, a list."""
    build: tuple[str, ...]
    run: tuple[str, ...]


GO = """package main

import (
	"fmt"
	"math"
)

{comment}
func main() {{
	for _, v := range []string{BYTES} {{
		fmt.Printf("%x\\n", v)
	}}
	for _, v := range []bool{BOOL} {{
		fmt.Println(v)
	}}
	for _, v := range []int32{INT32} {{
		fmt.Println(v)
	}}
	for _, v := range []int64{INT64} {{
		fmt.Println(v)
	}}
	for _, v := range []uint64{UINT64} {{
		fmt.Println(v)
	}}
	for _, v := range []float32{FP32} {{
		fmt.Printf("%08x\\n", math.Float32bits(v))
	}}
	for _, v := range []float64{FP64} {{
		fmt.Printf("%016x\\n", math.Float64bits(v))
	}}
}}
"""

JAVA = """import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

{comment}
class Main {{
  public static void main(String[] args) {{
    String[] texts = {BYTES};
    for (String v : texts) {{
      System.out.println(HexFormat.of().formatHex(v.getBytes(StandardCharsets.UTF_8)));
    }}
    boolean[] booleans = {BOOL};
    for (boolean v : booleans) {{
      System.out.println(v);
    }}
    int[] ints = {INT32};
    for (int v : ints) {{
      System.out.println(v);
    }}
    long[] longs = {INT64};
    for (long v : longs) {{
      System.out.println(v);
    }}
    long[] unsigned = {UINT64};
    for (long v : unsigned) {{
      System.out.println(Long.toUnsignedString(v));
    }}
    float[] floats = {FP32};
    for (float v : floats) {{
      System.out.println(HexFormat.of().toHexDigits(Float.floatToIntBits(v)));
    }}
    double[] doubles = {FP64};
    for (double v : doubles) {{
      System.out.println(HexFormat.of().toHexDigits(Double.doubleToLongBits(v)));
    }}
  }}
}}
"""

CPP = """#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

{comment}
int main() {{
  const std::vector<std::string> texts = {BYTES};
  for (const std::string& text : texts) {{
    for (const unsigned char c : text) std::printf("%02x", c);
    std::printf("\\n");
  }}
  const std::vector<bool> booleans = {BOOL};
  for (const bool v : booleans) std::puts(v ? "true" : "false");
  const std::vector<int32_t> ints = {INT32};
  for (const auto v : ints) std::puts(std::to_string(v).c_str());
  const std::vector<int64_t> longs = {INT64};
  for (const auto v : longs) std::puts(std::to_string(v).c_str());
  const std::vector<uint64_t> unsigneds = {UINT64};
  for (const auto v : unsigneds) std::puts(std::to_string(v).c_str());
  const std::vector<float> floats = {FP32};
  for (const float v : floats) {{
    uint32_t bits;
    std::memcpy(&bits, &v, sizeof(bits));
    std::printf("%08x\\n", bits);
  }}
  const std::vector<double> doubles = {FP64};
  for (const double v : doubles) {{
    uint64_t bits;
    std::memcpy(&bits, &v, sizeof(bits));
    std::printf("%016llx\\n", static_cast<unsigned long long>(bits));
  }}
}}
"""

LANGUAGES = {
    "go": Compiled("go", "main.go", GO, ("go", "build", "-o", "main", "main.go"), ("./main",)),
    "java": Compiled(
        "java",
        "main.java",
        JAVA,
        ("javac", "-encoding", "UTF-8", "-Xlint:all", "-Werror", "main.java"),
        ("java", "-cp", ".", "Main"),
    ),
    "c++": Compiled(
        "c++",
        "main.cc",
        CPP,
        ("g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "main.cc", "-o", "main"),
        ("./main",),
    ),
}

INTEGERS = {"INT32": (-(2**31), 2**31), "INT64": (-(2**63), 2**63), "UINT64": (0, 2**64)}

VALUES = st.fixed_dictionaries(
    {
        "BYTES": st.lists(st.text(max_size=20), min_size=30, max_size=60),
        "BOOL": st.lists(st.booleans(), min_size=1, max_size=9),
        "FP32": st.lists(st.floats(width=32) | st.floats(-3e38, 3e38), min_size=20, max_size=60),
        "FP64": st.lists(st.floats(), min_size=20, max_size=60),
        **{
            datatype: st.lists(st.integers(low, high - 1), min_size=10, max_size=60)
            for datatype, (low, high) in INTEGERS.items()
        },
    }
)


@pytest.fixture(params=LANGUAGES)
def compiled(request: pytest.FixtureRequest) -> Compiled:
    """A language whose tools are here; where they must be, their absence is a failure."""
    language = LANGUAGES[request.param]
    for program in (language.build[0], language.run[0]):
        if "/" not in program and shutil.which(program) is None:
            missing(f"{program} is missing")
    return language


@pytest.mark.timeout(600)
@settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=VALUES, remark=st.text(max_size=200))
def test_every_value_comes_back(
    compiled: Compiled,
    values: dict[str, list[Any]],
    remark: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    values["BYTES"] += NASTY
    values["FP32"] += NASTY_FLOATS
    values["FP64"] += NASTY_FLOATS
    for datatype, (low, high) in INTEGERS.items():
        values[datatype] += [low, high - 1, 0]
    literals = LITERALS[compiled.literals]
    lists = {name: literals.values(found, name) for name, found in values.items()}
    comments = [literals.comment(text, "// ") for text in (*COMMENTS, remark)]
    program = compiled.program.format(comment="\n".join(comments), **lists)
    program = plain(literals.layout.lay_out(program))
    printed = run(compiled, program, tmp_path_factory.mktemp("program"))
    order = ("BYTES", "BOOL", "INT32", "INT64", "UINT64", "FP32", "FP64")
    expected = [shown(name, v) for name in order for v in values[name]]
    assert [normal(line) for line in printed] == expected


def run(compiled: Compiled, program: str, folder: Path) -> list[str]:
    """Builds a program and runs it; returns the lines it prints."""
    (folder / compiled.file).write_text(program, encoding="utf-8")
    for command in (compiled.build, compiled.run):
        finished = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert finished.returncode == 0, finished.stderr + finished.stdout
    return finished.stdout.splitlines()


def shown(datatype: str, value: Any) -> str:
    """What a program prints of a value."""
    match datatype:
        case "BYTES":
            return str(value).encode().hex()
        case "BOOL":
            return str(value).lower()
        case "FP32":
            return bits("f", value)
        case "FP64":
            return bits("d", value)
    return str(value)


def bits(code: str, value: float) -> str:
    if math.isnan(value):
        return "nan"
    try:
        return struct.pack(f">{code}", value).hex()
    except OverflowError:
        return struct.pack(f">{code}", math.copysign(math.inf, value)).hex()


def normal(line: str) -> str:
    """What a program prints; there are many NaNs."""
    return "nan" if line in NANS else line


@pytest.mark.parametrize("language", ["go", "c++"])
def test_half_a_surrogate_pair_is_refused(language: str) -> None:
    with pytest.raises(LiteralError):
        LITERALS[language].quote("\ud800")


@pytest.mark.parametrize(("language", "number"), [("java", 2**63), ("c++", 2**64)])
def test_a_number_that_no_type_holds_is_refused(language: str, number: int) -> None:
    with pytest.raises(LiteralError):
        LITERALS[language].values([number])


@pytest.mark.parametrize("language", ["go", "java", "c++"])
def test_connection_values_keep_their_places(language: str) -> None:
    quoted = 'a"\n'
    text = f"{value('host', quoted)}:{value('rest_port', '8000')}/v2"
    code = LITERALS[language].quote(text)
    assert [(span.name, plain(code)[span.start : span.end]) for span in spans(code)] == [
        ("host", 'a\\"\\n'),
        ("rest_port", "8000"),
    ]
    assert plain(code) == '"a\\"\\n:8000/v2"'
