"""The command line: OpenVINO Model Server's flags, and what is wrong with them said plainly."""

import argparse
import difflib
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from samplegen_server import config
from samplegen_server.model_options import ModelConfig, is_text

BUNDLED = Path(__file__).parent / "bundled.json"
"""The models served when none is named."""

UNSUPPORTED = {
    "--grpc_workers": "one event loop serves all clients",
    "--grpc_max_threads": "one event loop serves all clients",
    "--grpc_memory_quota": "see --max_message_bytes",
    "--grpc_channel_arguments": "see --max_message_bytes",
    "--rest_workers": "one event loop serves all clients",
    "--log_path": "redirect standard error instead",
    "--trace_path": "there are no traces",
    "--verbose_response": "there are no generative endpoints",
    "--custom_node_resources_cleaner_interval_seconds": "there are no custom nodes",
    "--sequence_cleaner_poll_wait_minutes": "there are no stateful models",
    "--stateful": "there are no stateful models",
    "--idle_sequence_cleanup": "there are no stateful models",
    "--low_latency_transformation": "there are no stateful models",
    "--max_sequence_number": "there are no stateful models",
    "--cpu_extension": "there are no CPU extensions",
    "--cache_dir": "models are compiled at every start",
    "--metrics_list": "the default metrics are served",
    "--allowed_media_domains": "there are no generative endpoints",
    "--allowed_local_media_path": "there are no generative endpoints",
    "--allow_credentials": "every origin may call, without credentials",
    "--allowed_origins": "every origin may call",
    "--allowed_methods": "every method may be called",
    "--allowed_headers": "every header may be sent",
    "--api_key_file": "there are no generative endpoints",
    "--list_models": "see GET /v1/config",
    "--add_to_config": "edit the file instead",
    "--remove_from_config": "edit the file instead",
    "--pull": "put the model below --model_path yourself",
    "--source_model": "put the model below --model_path yourself",
    "--source_loras": "there are no generative endpoints",
    "--gguf_filename": "there are no generative endpoints",
    "--overwrite_models": "put the model below --model_path yourself",
    "--model_repository_path": "see --model_path and --config_path",
    "--weight-format": "there are no generative endpoints",
    "--extra_quantization_params": "there are no generative endpoints",
    "--mean": "put preprocessing into the model",
    "--scale": "put preprocessing into the model",
    "--color_format": "put preprocessing into the model",
    "--precision": "put preprocessing into the model",
    "--task": "there are no generative endpoints",
    "--configure": "there are no generative endpoints",
}
"""OpenVINO Model Server's flags that this server lacks, each with the reason or the way out."""

MODEL_FLAGS = (
    "model_path",
    "batch_size",
    "shape",
    "layout",
    "model_version_policy",
    "nireq",
    "target_device",
    "plugin_config",
)
"""The flags that say how the one model of --model_name is served."""

MAX_SECONDS = 10**9
"""The longest time between two looks; no event loop can wait for ever."""

LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    port: int
    """Of gRPC; 0 switches it off."""
    rest_port: int
    """0 switches REST off."""
    grpc_bind_addresses: Sequence[str]
    rest_bind_addresses: Sequence[str]
    read_models: Callable[[], Sequence[ModelConfig]]
    """Gives the models to serve, each time it is called."""
    needs_all: bool
    """Is a model that cannot be served a reason not to start?"""
    poll_seconds: float
    """How often folders and the config file are looked at; 0 or less for never."""
    metrics: bool
    record: Path | None
    """Where to write a line for each answered request."""
    log_level: str
    max_message_bytes: int
    server_name: str
    """What metadata tells, empty for the truth; likewise the version and the platform."""
    server_version: str
    platform: str
    parent_pid: int | None
    """The process with which the server ends, too, if there is one."""


class Parser(argparse.ArgumentParser):
    """An argument parser that knows OpenVINO Model Server's other flags."""

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        namespace, unknown = self.parse_known_args(argv)
        # What follows an unknown flag is its value, and no mistake of its own.
        if wrong := [one for one in unknown if one.startswith("-")] or unknown:
            self.error("; ".join(map(self._explain, wrong)))
        return namespace

    def _explain(self, argument: str) -> str:
        flag = argument.partition("=")[0]
        if flag in UNSUPPORTED:
            return f"{flag} of OpenVINO Model Server is not supported here: {UNSUPPORTED[flag]}"
        known = [*self._option_string_actions, *UNSUPPORTED]
        near = difflib.get_close_matches(flag, known, 1)
        return f"unknown argument {argument}" + (f", did you mean {near[0]}?" if near else "")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\nSee {self.prog} --help.\n")


def parse(argv: Sequence[str]) -> Options:
    """Read the command line; exits with status 2 when it is wrong, as argparse does.

    Raises:
        ConfigError: What it says of the models cannot be used.
    """
    parser = _parser()
    flags = parser.parse(argv)
    if flags.version:
        from samplegen_server.models import runtime_version  # takes a while: OpenVINO knows it

        print(runtime_version())
        parser.exit(0)
    if not flags.port and not flags.rest_port:
        parser.error("nothing to serve on: give --port (gRPC), --rest_port (REST) or both")
    if flags.port == flags.rest_port:
        parser.error("--port and --rest_port must differ")
    read_models = _models(parser, flags)
    read_models()  # so that a mistake is told before anything starts
    metrics = flags.metrics_enable or (
        flags.config_path is not None and config.wants_metrics(flags.config_path)
    )
    if metrics and not flags.rest_port:
        parser.error("metrics need --rest_port, where GET /metrics is served")
    return Options(
        port=flags.port,
        rest_port=flags.rest_port,
        grpc_bind_addresses=flags.grpc_bind_address,
        rest_bind_addresses=flags.rest_bind_address,
        read_models=read_models,
        needs_all=flags.model_name is not None,
        poll_seconds=flags.file_system_poll_wait_seconds,
        metrics=metrics,
        record=flags.record,
        log_level=flags.log_level,
        max_message_bytes=flags.max_message_bytes,
        server_name=flags.server_name,
        server_version=flags.server_version,
        platform=flags.platform,
        parent_pid=flags.parent_pid,
    )


def _models(parser: Parser, flags: argparse.Namespace) -> Callable[[], Sequence[ModelConfig]]:
    """Where the models to serve are named: a config file, flags, or nowhere."""
    given = {flag: value for flag in MODEL_FLAGS if (value := getattr(flags, flag)) is not None}
    if flags.config_path is not None:
        if flags.model_name is not None or given:
            parser.error("--config_path names the models; leave out the flags of a single model")
        return functools.partial(config.read_file, flags.config_path)
    if flags.model_name is None and not given:
        return functools.partial(config.read_file, BUNDLED)
    if not flags.model_name or flags.model_path is None:
        parser.error("--model_name and --model_path go together")
    return functools.partial(config.read_flags, flags.model_name, given)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise ValueError
    return port


_port.__name__ = "port"  # argparse names it in its error


def _addresses(text: str) -> list[str]:
    addresses = [address.strip() for address in text.split(",")]
    if not all(addresses) or len(set(addresses)) < len(addresses):
        raise ValueError
    return addresses


_addresses.__name__ = "list of addresses"


def _seconds(text: str) -> float:
    seconds = float(text)
    if not math.isfinite(seconds) or seconds > MAX_SECONDS:
        raise ValueError
    return seconds


_seconds.__name__ = "number of seconds"


def _text(text: str) -> str:
    if not is_text(text):  # a byte of the command line is no UTF-8
        raise ValueError
    return text


_text.__name__ = "UTF-8"


def _positive(text: str) -> int:
    number = int(text)
    if not 0 < number < 1 << 31:
        raise ValueError
    return number


_positive.__name__ = "number above 0"


def _parser() -> Parser:
    parser = Parser(
        prog="python -m samplegen_server",
        description="A KServe v2 inference server on OpenVINO that answers as OpenVINO Model "
        "Server does. With no model named it serves the bundled models, such as dummy.",
        epilog="""examples:
  the bundled models:      %(prog)s --port 9000 --rest_port 8000
  one model of your own:   %(prog)s --port 9000 --model_name resnet --model_path models/resnet
  several, reloaded when the file changes:
                           %(prog)s --port 9000 --rest_port 8000 --config_path config.json

A model's folder has a folder for each version: models/resnet/1/model.xml.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    listen = parser.add_argument_group("where to listen")
    listen.add_argument("--port", type=_port, default=0, help="gRPC port; 0, the default, is off")
    listen.add_argument(
        "--rest_port", type=_port, default=0, help="REST port; 0, the default, is off"
    )
    for transport in ("grpc", "rest"):
        listen.add_argument(
            f"--{transport}_bind_address",
            type=_addresses,
            default=["127.0.0.1"],
            metavar="ADDRESSES",
            help="network interfaces, such as 127.0.0.1,::1 (default: 127.0.0.1, this machine "
            "only)",
        )
    models = parser.add_argument_group("what to serve")
    models.add_argument("--config_path", type=Path, metavar="FILE", help="JSON file of models")
    models.add_argument("--model_name", metavar="NAME", help="the name clients use")
    models.add_argument(
        "--model_path", metavar="PATH", help="folder of versions, or one model file"
    )
    models.add_argument(
        "--model_version_policy",
        metavar="JSON",
        help='\'{"latest": {"num_versions": 2}}\' (default: the newest), \'{"all": {}}\' or '
        '\'{"specific": {"versions": [1, 3]}}\'',
    )
    models.add_argument(
        "--file_system_poll_wait_seconds",
        type=_seconds,
        default=1,
        metavar="SECONDS",
        help="how often to look for changes (default: %(default)s; 0 for never)",
    )
    how = parser.add_argument_group("how to run the model of --model_name")
    how.add_argument("--batch_size", metavar="SIZE", help="8, 1:8, or -1 for any")
    how.add_argument("--shape", help='(1,3,224,224), or \'{"input": "(1,3,-1,100:224)"}\'')
    how.add_argument(
        "--layout", help="NHWC:NCHW, what clients send and what the model was made for"
    )
    how.add_argument("--nireq", metavar="N", help="inferences side by side (default: OpenVINO's)")
    how.add_argument("--target_device", metavar="DEVICE", help="default: CPU")
    how.add_argument("--plugin_config", metavar="JSON", help='\'{"NUM_STREAMS": "2"}\'')
    other = parser.add_argument_group("other")
    other.add_argument("--version", action="store_true", help="show the version and exit")
    other.add_argument(
        "--metrics_enable", action="store_true", help="serve GET /metrics on the REST port"
    )
    other.add_argument("--log_level", choices=LOG_LEVELS, default="INFO", help="default: INFO")
    other.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="append a line of JSON for each answered request",
    )
    other.add_argument(
        "--max_message_bytes",
        type=_positive,
        default=1 << 28,
        metavar="N",
        help="largest request taken, over either transport (default: %(default)s)",
    )
    other.add_argument(
        "--parent_pid",
        type=_positive,
        metavar="PID",
        help="end when this process, such as the one that starts the server, has ended",
    )
    told = parser.add_argument_group("what metadata tells, to see how clients take it")
    for flag, what in (
        ("--server_name", "the server's name"),
        ("--server_version", "its version"),
        ("--platform", "what its models run on"),
    ):
        told.add_argument(flag, type=_text, default="", metavar="TEXT", help=what)
    return parser
