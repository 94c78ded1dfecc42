"""Reads a gRPC contract as far as a page shows it: calls, messages, fields and their comments."""

import re
from dataclasses import dataclass, field

_RPC = re.compile(r"rpc (\w+)\((?:stream )?(\w+)\) returns \((?:stream )?(\w+)\)")
_FIELD = re.compile(r"(?:(repeated) )?(map<.*?>|[\w.]+) (\w+) = \d+;")


@dataclass(frozen=True)
class Field:
    """A field of a message."""

    name: str
    type: str
    """As the contract names it, such as `int64` or `map<string, InferParameter>`."""
    repeated: bool
    comment: str

    @property
    def shown_type(self) -> str:
        return f"repeated {self.type}" if self.repeated else self.type


@dataclass(frozen=True)
class Rpc:
    """A call: the names of its messages, and what it is for."""

    name: str
    request: str
    response: str
    comment: str


@dataclass
class Contract:
    """The calls and messages of a `.proto` file, by name."""

    rpcs: dict[str, Rpc] = field(default_factory=dict)
    messages: dict[str, list[Field]] = field(default_factory=dict)
    """A message that stands in another goes by its own name; a `oneof` counts as plain fields."""


def read(text: str) -> Contract:
    """The contract in the text of a `.proto` file that has a statement a line."""
    contract = Contract()
    open_blocks: list[str] = []
    comment: list[str] = []
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
            continue
        said = " ".join(comment)
        comment = []
        if match := _RPC.match(line):
            contract.rpcs[match[1]] = Rpc(match[1], match[2], match[3], said)
        elif line.startswith("message "):
            name = line.split()[1]
            contract.messages[name] = []
            if not line.endswith("}"):
                open_blocks.append(name)
        elif line.endswith("{"):
            open_blocks.append("" if line.startswith("service ") else open_blocks[-1])
        elif line == "}":
            open_blocks.pop()
        elif match := _FIELD.match(line):
            repeated, kind, name = match[1] is not None, match[2], match[3]
            contract.messages[open_blocks[-1]].append(Field(name, kind, repeated, said))
    return contract
