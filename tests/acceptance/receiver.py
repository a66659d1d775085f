"""A webhook that notifications are sent to: a real HTTP server that can be away or slow."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """What arrived, as (title, text), and how the next ones are answered."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._port = server.server_port
        self.taken: list[tuple[str, str]] = []
        """Messages that were answered well."""
        self.arrived = 0
        """Messages that came, however they were answered."""
        self.held = 0
        """Messages whose sender is being kept waiting."""
        self.status = 200
        self.may_answer = threading.Event()
        """Unset: whoever calls is kept waiting."""
        self.may_answer.set()

    def address(self, word: str) -> str:
        """A channel's address here; the word in it is a secret."""
        return f"json://127.0.0.1:{self._port}/{word}"

    def with_text(self, *parts: str) -> list[tuple[str, str]]:
        """The messages that hold all of these parts."""
        return [one for one in self.taken if all(part in "\n".join(one) for part in parts)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serves on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.arrived += 1
            status = receiver.status
            receiver.held += 1
            receiver.may_answer.wait()
            if status == 200:
                receiver.taken.append((told["title"], told["message"]))
            receiver.held -= 1
            try:
                self.send_response(status)
                self.end_headers()
            except OSError:
                return  # whoever sent it is gone

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
