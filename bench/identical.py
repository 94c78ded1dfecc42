"""Whether a change leaves every program as it was: text, and where connection values stand in it.

    python bench/identical.py COMMIT            compares the working tree with a commit
    python bench/identical.py --dump FILE       writes what the working tree renders
    python bench/identical.py --against FILE    compares the working tree with such a file

The corpus: every operation and client of the packaged spec and of `examples/inventory`, alone and
with every pair of connection options; sweeps over the lengths of names, hosts and data, at whose
limits lines break; and what `samplegen model` makes for every datatype. An error counts as the
program of its cell. With `--client PREFIX`, only the clients whose name begins so.

A commit is rendered by its own code with its own templates. Exit status 1 on a difference.
"""

import argparse
import difflib
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

Programs = dict[str, tuple[str, list[list[Any]]]]
"""Key of a cell to its text and its spans: start, end and name."""

ROOT = Path(__file__).resolve().parent.parent
_SOURCES = ("samplegen", "spec", "templates", "examples")
SHOWN = 10
"""Differences that are printed."""
_PATH = re.compile(r"(?<![\w])[\w./-]*(templates|connection)/[\w./-]+")
"""What messages say of templates, which move."""


def _named(names: str, *modules: str) -> Any:
    """The class or function of the first of these names and modules that there is.

    This script runs in the trees of other commits, too.
    """
    for module, name in itertools.product(modules, names.split()):
        try:
            found = import_module(module)
        except ModuleNotFoundError:
            continue
        if hasattr(found, name):
            return getattr(found, name)
    raise LookupError(f"no {names} in {', '.join(modules)}")


Catalogue = _named("Catalogue", "samplegen.catalogue", "samplegen.samples")
Cell = _named("Cell", "samplegen.catalogue", "samplegen.samples")
Tls = _named("Tls", "samplegen.connection.model", "samplegen.connection")
Header = _named("Header", "samplegen.connection.model", "samplegen.connection")
Tensor = _named("Tensor", "samplegen.spec.tensors", "samplegen.spec")
Datatype = _named("Datatype", "samplegen.spec.tensors", "samplegen.spec")
project_files = _named("project_files files", "samplegen.project", "samplegen.export")
make = _named("make", "samplegen.kserve.served.operation", "samplegen.served.operation")
ModelMetadata = _named(
    "ModelMetadata", "samplegen.kserve.served.metadata", "samplegen.served.metadata"
)
TensorMetadata = _named(
    "TensorMetadata", "samplegen.kserve.served.metadata", "samplegen.served.metadata"
)
DATATYPES: tuple[str, ...] = get_args(Datatype)


# Connections


_LONG_PATH = "/etc/" + "certificates-of-this-machine/" * 2 + "that-has-ninety-letters"
_LONG_VARIABLE = "VARIABLE_WHOSE_NAME_HAS_AS_MANY_AS_FORTY"
_ODD_PATH = "my \"own\" 'files'\\100%/$HOME/`ls`/証明書.pem"
_VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "short": {
        "cacert": ("ca.pem",),
        "cert": ("client.pem", "client.key"),
        "header": ("x-tenant", "a", "x-b", "c d"),
        "header-env": ("x-key", "KEY", "x-other", "OTHER"),
        "bearer-token-env": ("TOKEN",),
        "authority": ("models.example",),
        "deadline": ("7",),
        "max-message-size": ("64",),
    },
    "long": {
        "cacert": (f"{_LONG_PATH}/ca.pem",),
        "cert": (f"{_LONG_PATH}/cert.pem", f"{_LONG_PATH}/key.pem"),
        "header": ("x-" + "tenant-" * 8, "value " * 14 + "end", "x-c", "d" * 90),
        "header-env": ("x-" + "secret-" * 8, _LONG_VARIABLE, "x-d", "E" * 40),
        "bearer-token-env": (_LONG_VARIABLE.lower(),),
        "authority": ("models." * 10 + "example:65535",),
        "deadline": ("3600",),
        "max-message-size": ("2047",),
    },
    "odd": {
        "cacert": (_ODD_PATH,),
        "cert": (f"{_ODD_PATH}.cert", f"{_ODD_PATH}.key"),
        "header": ("x-a", "say \"hi\" \\n 100% $HOME 'x' `ls` {{ }}", "x.b_c", "%s ??/ */"),
        "header-env": ("x-a.b", "_a1", "x-c_d", "OTHER"),
        "bearer-token-env": ("_T",),
        "authority": ("[::1]:8443",),
        "deadline": ("1",),
        "max-message-size": ("1",),
    },
}
"""Kind of values to option to its values; `tls` has none."""
OPTIONS = ("tls", *_VALUES["short"])


def connection_with(connection: Any, options: Sequence[str], kind: str) -> Any:
    """`connection` with the options, in values of this kind."""
    values = _VALUES[kind]
    own: dict[str, Any] = {}
    headers: list[Any] = []
    tls: dict[str, str] = {}
    for option in options:
        given = values.get(option, ())
        match option:
            case "tls":
                own["tls"] = Tls()
            case "cacert":
                tls["cacert"] = given[0]
            case "cert":
                tls |= dict(zip(("cert", "key"), given, strict=True))
            case "header":
                headers += [
                    Header(name=n, value=v) for n, v in zip(given[::2], given[1::2], strict=True)
                ]
            case "header-env":
                headers += [
                    Header(name=n, env=v) for n, v in zip(given[::2], given[1::2], strict=True)
                ]
            case "deadline" | "max-message-size":
                own[option.replace("-", "_")] = int(given[0])
            case _:
                own[option.replace("-", "_")] = given[0]
    if tls:
        own["tls"] = Tls(**tls)
    return replace(connection, headers=tuple(headers), **own)


def connections(documented: Any) -> Iterator[tuple[str, Any]]:
    """Every option alone, every two and all of them, and other addresses."""
    sets = [
        (),
        *itertools.combinations(OPTIONS, 1),
        *itertools.combinations(OPTIONS, 2),
        ("header", "header-env", "bearer-token-env"),
        tuple(option for option in OPTIONS if option not in ("cacert", "cert")),
        OPTIONS,
    ]
    for kind in _VALUES:
        for options in sets:
            made = connection_with(documented, options, kind)
            yield f"{kind} {' '.join(options) or 'plain'}", made
    for host in ("gpu7", "[::1]", "models." * 12 + "example"):
        yield f"host {host}", replace(documented, host=host)
    addresses: dict[str, dict[str, Any]] = {
        "model": {"model": "other"},
        "odd model": {"model": "a \"b\" 'c' \\d 100% $e `f` {{ g }} /h?i#j 模型"},
        "long model": {"model": "model-" * 15},
        "version": {"model_version": "3"},
        "no version": {"model_version": ""},
        "long version": {"model_version": "1234567890" * 4},
        "everything": {"host": "[fe80::1]", "grpc_port": 1, "rest_port": 65535, "model": "m"},
    }
    for name, values in addresses.items():
        yield name, replace(documented, **values)
        yield (
            f"{name}, all options",
            connection_with(replace(documented, **values), OPTIONS, "short"),
        )
    for length in range(1, 101):
        yield f"host of {length}", replace(documented, host="h" * length)


# What `samplegen model` makes


_SPECIAL = {
    "inf": float("inf"), "-inf": float("-inf"), "nan": float("nan"), "-0.0": -0.0, "tiny": 5e-8,
    "large": 65504.0, "third": 1 / 3, "1e16": 1e16,
}  # fmt: skip
_TEXTS = (
    "", " ", "plain", "a\"b'c", "back\\slash\\n", "100% %s %d", "$HOME `ls` $(ls)",
    "{{ x }} {% y %}", "tab\tline\nfeed\r", "??/ */ // #", "模型の名前", "😀 é", "\0\x1b\x7f",
    "\u2028\ufeff", "x" * 120, "two words " * 20,
)  # fmt: skip
_NAMES = (
    "x" * 60,
    "y" * 90,
    "100%s",
    "a \"b\" 'c'",
    "back\\slash",
    "$HOME `ls`",
    "入力:0",
    "a{{b}}",
    "",
)
_UNKNOWN = -1


def _metadata(
    inputs: Mapping[str, tuple[str, tuple[int, ...]]],
    outputs: Mapping[str, tuple[str, tuple[int, ...]]],
    name: str = "model",
) -> Any:
    def tensors(described: Mapping[str, tuple[str, tuple[int, ...]]]) -> tuple[Any, ...]:
        return tuple(
            TensorMetadata(name=name, datatype=datatype, shape=shape)
            for name, (datatype, shape) in described.items()
        )

    return ModelMetadata(name=name, inputs=tensors(inputs), outputs=tensors(outputs))


def models() -> Iterator[tuple[str, Any]]:
    """Operations for models of every kind, by a name that says what they are."""
    sizes = {"short": (2, 3), "long": (2, 40)}
    answers = {"short": (1, 3), "long": (1000,), "unknown": (_UNKNOWN, 2)}
    for datatype, sent, answered in itertools.product(DATATYPES, sizes, answers):
        metadata = _metadata({"x": (datatype, sizes[sent])}, {"y": (datatype, answers[answered])})
        yield f"{datatype} {sent} to {answered}", make(metadata, "model", {})
    for read, written in itertools.permutations(DATATYPES, 2):
        yield (
            f"{read} to {written}",
            make(_metadata({"x": (read, (2,))}, {"y": (written, (2,))}), "m", {}),
        )
    for sent, answered in itertools.product(sizes, answers):
        for datatypes in (
            DATATYPES,
            [d for d in DATATYPES if d != "FP16"],
            ("FP32", "INT64", "FP64"),
        ):
            metadata = _metadata(
                {f"in_{d}": (d, sizes[sent]) for d in datatypes},
                {f"out_{d}": (d, answers[answered]) for d in reversed(datatypes)},
            )
            yield f"{len(datatypes)} datatypes {sent} to {answered}", make(metadata, "mixed", {})
    mixed = _metadata(
        {"a": ("FP32", (3,)), "b": ("BYTES", (2, 50)), "c": ("INT64", ())},
        {
            "d": ("FP32", (2,)),
            "e": ("BOOL", (_UNKNOWN,)),
            "f": ("BYTES", (2, 2)),
            "g": ("FP16", (0,)),
        },
    )
    yield "some long, some short", make(mixed, "mixed", {})
    for name in _NAMES[:-1]:
        for datatype in ("FP32", "FP16", "BYTES", "INT8", "BOOL"):
            for size in (3, 50):
                metadata = _metadata({name: (datatype, (size,))}, {name: (datatype, (size,))})
                yield f"{datatype} of {size} named {name}", make(metadata, name, {})
    for length in range(1, 101):
        for datatype, size in (
            ("FP32", 2),
            ("BYTES", 2),
            ("FP16", 2),
            ("INT64", 40),
            ("UINT8", 40),
        ):
            metadata = _metadata(
                {"n" * length: (datatype, (size,)), "b": ("INT32", (2,))},
                {"n" * length: (datatype, (size,)), "c": ("FP32", (2,))},
            )
            yield f"{datatype} of {size}, name of {length}", make(metadata, "m", {})
    for length in range(1, 101):
        metadata = _metadata({"x": ("FP32", (2,))}, {"y": ("FP32", (2,))})
        yield f"model's name of {length}", make(metadata, "m" * length, {})


def with_data() -> Iterator[tuple[str, Any]]:
    """Operations with data of all kinds and lengths, as a spec may hold them."""
    for datatype in DATATYPES:
        one = make(_metadata({"x": (datatype, (1,))}, {"y": (datatype, (1,))}), "model", {})
        if datatype == "BYTES":
            pool: list[Any] = [*_TEXTS]
        elif datatype == "BOOL":
            pool = [False, True]
        elif datatype.startswith("FP"):
            pool = [0.0, 1.5, -2.25, 100.0, *(_SPECIAL[n] for n in ("tiny", "large", "third"))]
        else:
            bits = int(re.sub(r"\D", "", datatype))
            least = 0 if datatype.startswith("U") else -(2 ** (bits - 1))
            pool = [0, 7, least + 2**bits - 1, least, 100]
        for length in (
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            16,
            20,
            24,
            31,
            32,
            100,
        ):
            data = tuple(itertools.islice(itertools.cycle(pool), length))
            tensor = Tensor(name="x", datatype=datatype, shape=(length,), data=data)
            yield f"{datatype} data of {length}", replace(one, inputs=(tensor,))
        values: dict[str, Any] = {}
        if datatype.startswith("FP"):
            values = _SPECIAL
        elif datatype == "BYTES":
            values = {repr(text): text for text in _TEXTS}
        for name, value in values.items():
            tensor = Tensor(name="x", datatype=datatype, shape=(2,), data=(value, value))
            yield f"{datatype} data {name}", replace(one, inputs=(tensor,))
    one = make(_metadata({"x": ("INT64", (1,))}, {"y": ("INT64", (1,))}), "model", {})
    for digits in range(1, 20):
        for length in (3, 10):
            tensor = Tensor(
                name="x", datatype="INT64", shape=(length,), data=(10 ** (digits - 1),) * length
            )
            yield f"{length} numbers of {digits} digits", replace(one, inputs=(tensor,))
    for number in range(2, 7):
        inputs = tuple(
            Tensor(name=f"input_{i}", datatype="FP32", shape=(2,), data=(1.0, 2.0))
            for i in range(number)
        )
        outputs = tuple(
            Tensor(name=f"output_{i}", datatype="FP32", shape=(2,)) for i in range(number)
        )
        yield f"{number} inputs and outputs", replace(one, inputs=inputs, outputs=outputs)


# Rendering


def _program(catalogue: Any, cell: Any, connection: Any = None) -> tuple[str, list[list[Any]]]:
    if cell.omitted is not None:
        return "omitted", []
    try:
        rendered = catalogue.render(cell, connection)
    except Exception as error:
        return _message(error), []
    return rendered.text, [[span.start, span.end, span.name] for span in rendered.spans]


def _message(error: Exception) -> str:
    """What an error says, but for the templates and lines it names."""
    problems = getattr(error, "problems", None)
    texts = [problem.message for problem in problems] if problems else [repr(error)]
    return "error: " + "\n".join(_PATH.sub("TEMPLATE", text) for text in texts)


def _readme(catalogue: Any, cell: Any, connection: Any) -> tuple[str, list[list[Any]]]:
    try:
        return project_files(catalogue, cell, {}, connection)["README.md"].decode(), []
    except Exception as error:
        return _message(error), []


def corpus(tree: Path, prefix: str) -> Programs:
    """All programs of a tree, by `WHAT | OPERATION | CLIENT | CONNECTION`."""
    programs: Programs = {}
    inventory = tree / "examples/inventory"
    packaged = Catalogue()
    for what, catalogue in (
        ("packaged", packaged),
        ("inventory", Catalogue([inventory / "spec"], [inventory / "templates"])),
    ):
        documented = catalogue.spec.api.connection
        cells = [cell for cell in catalogue.cells if cell.client.name.startswith(prefix)]
        for name, connection in connections(documented):
            for cell in cells:
                key = f"{what} | {cell.operation.name} | {cell.client.name} | {name}"
                programs[key] = _program(catalogue, cell, connection)
        for kind in _VALUES:
            connection = connection_with(documented, OPTIONS, kind)
            for cell in cells:
                key = f"{what} README | {cell.operation.name} | {cell.client.name} | {kind}"
                programs[key] = _readme(catalogue, cell, connection)
    clients = [c for c in packaged.clients.all() if c.name.startswith(prefix)]
    secured = connection_with(packaged.spec.api.connection, OPTIONS, "short")
    for what, operations in (("model", models()), ("data", with_data())):
        for name, operation in operations:
            for client in clients:
                key = f"{what} | {name} | {client.name}"
                programs[f"{key} | plain"] = _program(packaged, Cell(operation, client))
                if " to " in name:
                    programs[f"{key} | all options"] = _program(
                        packaged, Cell(operation, client), secured
                    )
    return programs


def of_commit(commit: str, prefix: str) -> Programs:
    """What a commit's own code and templates make."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["git", "-C", str(ROOT), "archive", commit, *_SOURCES]
        archive = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        dump = Path(folder, "programs.json")
        subprocess.run(
            [sys.executable, __file__, "--dump", str(dump), "--client", prefix],
            check=True, env={**os.environ, "PYTHONPATH": folder}, timeout=1800,
        )  # fmt: skip
        return _read(dump, prefix)


def _read(dump: Path, prefix: str) -> Programs:
    tree = json.loads(dump.read_bytes())
    return {
        key: (text, spans)
        for key, (text, spans) in tree.items()
        if key.split(" | ")[-2].startswith(prefix)
    }


def differences(before: Programs, after: Programs) -> Iterator[tuple[str, str]]:
    """The keys that differ, and how."""
    for key in before | after:
        if key not in after or key not in before:
            yield key, f"only {'before' if key in before else 'after'} the change"
            continue
        (old, old_spans), (new, new_spans) = before[key], after[key]
        if old != new:
            lines = difflib.unified_diff(
                old.splitlines(keepends=True), new.splitlines(keepends=True), "before", "after"
            )
            yield key, "".join(lines)
        elif old_spans != new_spans:
            yield key, f"spans before: {old_spans}\nspans after: {new_spans}"


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("commit", nargs="?")
    parser.add_argument("--dump", type=Path, metavar="FILE")
    parser.add_argument("--against", type=Path, metavar="FILE")
    parser.add_argument("--client", default="", metavar="PREFIX")
    given = parser.parse_args()
    if [given.commit, given.dump, given.against].count(None) != 2:
        parser.error("expected one of COMMIT, --dump and --against")
    tree = Path(import_module("samplegen").__file__ or "").resolve().parent.parent
    after = corpus(tree, given.client)
    if given.dump is not None:
        given.dump.write_text(json.dumps(after))
        print(f"{len(after):,} programs of {tree}")
        return 0
    if given.commit is not None:
        before = of_commit(given.commit, given.client)
    else:
        before = _read(given.against, given.client)
    found = [*differences(before, after)]
    for key, difference in found[:SHOWN]:
        print(f"== {key}\n{difference}")
    print(f"{len(found):,} of {len(after):,} programs differ")
    return 1 if found or not after else 0


if __name__ == "__main__":
    sys.exit(main())
