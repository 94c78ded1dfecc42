"""Start the server: ``python -m samplegen_server --port 9000 --rest_port 8000``."""

import signal
import sys


def main() -> int:
    """Serve until told to stop; return the exit status."""
    # Until the event loop has handlers of its own there is nothing to tidy up, and an exception in
    # the middle of an import would be a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from samplegen_server.cli import parse

    options = parse(sys.argv[1:])
    # Not before the flags are known to be right: these imports take most of the start.
    from samplegen_server.serving import serve

    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
