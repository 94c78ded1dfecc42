"""Messages and answers in Go: stubs of gRPC, and JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from samplegen.render.structures import go_json, go_stubs

FILTERS: Mapping[str, Callable[..., Any]] = {
    "message": go_stubs.message,
    "stub_method": go_stubs.method,
    "stub_code": go_stubs.code,
    "stub_modules": go_stubs.modules,
    "stub_kept": go_stubs.kept,
    "stub_printed": go_stubs.printed,
    "body": go_json.body,
    "query": go_json.query,
    "json_kept": go_json.kept,
    "json_printed": go_json.printed,
    "json_reads": go_json.reads,
}
