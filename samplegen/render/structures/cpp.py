"""Messages and answers in C++: stubs of gRPC, and JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from samplegen.render.structures import cpp_json, cpp_stubs

FILTERS: Mapping[str, Callable[..., Any]] = {
    "message": cpp_stubs.message,
    "stub_types": cpp_stubs.types,
    "stub_service": cpp_stubs.service,
    "stub_headers": cpp_stubs.headers,
    "stub_uses": cpp_stubs.uses,
    "stub_ends": cpp_stubs.ends,
    "stub_kept": cpp_stubs.kept,
    "stub_printed": cpp_stubs.printed,
    "body": cpp_json.body,
    "json_kept": cpp_json.kept,
    "json_printed": cpp_json.printed,
    "json_uses": cpp_json.uses,
}
