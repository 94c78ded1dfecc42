"""Messages and answers in Java: stubs of gRPC, and JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from samplegen.render.structures import java_json, java_stubs

FILTERS: Mapping[str, Callable[..., Any]] = {
    "message": java_stubs.message,
    "stub_method": java_stubs.method,
    "stub_service": java_stubs.service,
    "stub_types": java_stubs.types,
    "stub_imports": java_stubs.imports,
    "stub_uses": java_stubs.uses,
    "stub_requests": java_stubs.requests,
    "stub_ends": java_stubs.ends,
    "stub_kept": java_stubs.kept,
    "stub_printed": java_stubs.printed,
    "body": java_json.body,
    "json_kept": java_json.kept,
    "json_printed": java_json.printed,
    "json_uses": java_json.uses,
}
