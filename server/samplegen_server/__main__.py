"""Start the server: ``python -m samplegen_server --port 9000 --rest_port 8000``."""

import sys

from samplegen_server.cli import parse


def main() -> int:
    """Serve until told to stop; return the exit status."""
    options = parse(sys.argv[1:])
    # Not before the flags are known to be right: these imports take most of the start.
    from samplegen_server.serving import serve

    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
