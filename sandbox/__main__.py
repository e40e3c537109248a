"""The command line: `python -m sandbox`."""

import argparse
import asyncio
import errno
import logging
import socket
import sys
from pathlib import Path

from sandbox.server import serve
from sandbox.state import Options


def parsed(arguments: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A pretend Genesys Cloud."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8085, help="0 picks a free one")
    parser.add_argument("--conversations", type=int, default=50, help="how many are live at a time")
    parser.add_argument(
        "--seed", type=int, default=1, help="what happens; ids are new at every start"
    )
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, help="travel time of a call, there and back"
    )
    parser.add_argument(
        "--persist-delay-ms", type=float, default=300.0, help="from the 202 until it is readable"
    )
    parser.add_argument("--rate-limit", type=int, default=300, help="requests a minute and token")
    parser.add_argument(
        "--tape", type=Path, default=None, help="append every answer and frame to this file"
    )
    return Options(**vars(parser.parse_args(arguments)))


def bound(options: Options) -> socket.socket | None:
    """The listening socket, or None with one clear sentence when the port is taken."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # TCP: no Nagle delay
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
        listening.listen(2048)  # from now on callers wait instead of being refused
    except OSError as error:
        reason = (
            "is already in use"
            if error.errno == errno.EADDRINUSE
            else f"cannot be used ({error.strerror})"
        )
        sys.stderr.write(
            f"sandbox: port {options.port} on {options.host} {reason}; choose one with --port.\n"
        )
        return None
    return listening


def main() -> int:
    """Run until a signal; 1 when the port is taken."""
    options = parsed()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    listening = bound(options)
    if listening is None:
        return 1
    host, port = listening.getsockname()[:2]
    sys.stdout.write(
        f"sandbox: a pretend Genesys Cloud at http://{host}:{port}/ (by hand: http://{host}:{port}/_sandbox/)\n"
    )
    sys.stdout.flush()
    asyncio.run(serve(options, listening))
    return 0


if __name__ == "__main__":
    sys.exit(main())
