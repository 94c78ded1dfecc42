"""Names in C++, and texts that are made of several."""

import re
from collections.abc import Collection

from samplegen.contract.values import Joined
from samplegen.render.literals.cpp import CPP

KEYWORDS = frozenset({
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
    "case", "catch", "char", "class", "compl", "const", "constexpr", "const_cast", "continue",
    "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum", "explicit",
    "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "long",
    "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
    "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "return", "short",
    "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template",
    "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "union",
    "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
    "char8_t", "char16_t", "char32_t", "concept", "consteval", "constinit", "co_await",
    "co_return", "co_yield", "requires",
})  # fmt: skip
_TAKEN = KEYWORDS | {"answer", "arguments", "channel", "item", "main", "std", "stub", "tls", "grpc"}
_NUMBERED = re.compile(r"(answer|body|refused|request)\d*|.*__.*")


def local(name: str, taken: Collection[str] = ()) -> str:
    """The name of a variable for a saved value or a message, which no other has."""
    found = name.lower()
    if found in _TAKEN or _NUMBERED.fullmatch(found):
        found = f"{found.strip('_')}_value"
    unique, number = found, 2
    while unique in taken:
        unique, number = f"{found}{number}", number + 1
    return unique


def joined(content: Joined, decoded: str = "{}") -> str:
    """A text with saved values in it; `decoded` makes a text of saved bytes."""
    parts: list[str] = []
    text = ""
    for part in content.parts:
        if isinstance(part, str):
            text += part
            continue
        parts += [str(CPP.quote(text))] if text or not parts else []
        text, name = "", local(part.name)
        if part.kind == "bool":
            parts.append(f'std::string({name} ? "true" : "false")')
        elif part.kind in ("string", "bytes"):
            parts.append(decoded.format(name) if part.kind == "bytes" else name)
        else:
            parts.append(f"std::to_string({name})")
    parts += [str(CPP.quote(text))] if text or not parts else []
    return " + ".join(parts)
