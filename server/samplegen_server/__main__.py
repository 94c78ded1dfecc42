"""Start the server: ``python -m samplegen_server --port 9000 --rest_port 8000``."""

import logging
import signal
import sys


def main() -> int:
    """Serve until told to stop; return the exit status."""
    # Until the event loop has handlers of its own there is nothing to tidy up, and an exception in
    # the middle of an import would be a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from samplegen_server.cli import parse
    from samplegen_server.model_options import ConfigError

    try:
        options = parse(sys.argv[1:])
    except ConfigError as error:
        _start_log("INFO")
        for problem in error.problems:
            logging.getLogger(__name__).error("%s", problem)
        return 1
    _start_log(options.log_level)
    # Not before the flags are known to be right: these imports take most of the start.
    from samplegen_server.serving import serve

    return serve(options)


def _start_log(level: str) -> None:
    logging.basicConfig(
        level="DEBUG" if level == "TRACE" else level,
        format="[%(asctime)s][%(levelname)s] %(message)s",
        stream=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main())
