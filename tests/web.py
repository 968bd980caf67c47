"""A web server on this machine that can do what real ones do: stop half-way, refuse, forget."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Web:
    """What the server has and does.

    Args:
        files: path -> content.
        ranges: whether it gives parts.
        stop_after: bytes after which an answer breaks off; None for never.
        status: answered to everything; None for what is right.
        asked: the `Range` header of each request, or an empty text.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    stop_after: int | None = None
    status: int | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            web.asked.append(wanted)
            content = web.files.get(self.path)
            if web.status or content is None:
                self.send_error(web.status or 404)
                return
            start, found = 0, re.fullmatch(r"bytes=(\d+)-", wanted)
            if found and web.ranges:
                start = int(found[1])
                if start >= len(content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content) if web.stop_after is None else start + web.stop_after
            self.wfile.write(content[start:end])

        def log_message(self, *args: object) -> None:
            """Nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, address: object) -> None:
        """Clients that hang up are part of the tests."""


@contextmanager
def serve() -> Iterator[Web]:
    """A server on 127.0.0.1 while the block runs."""
    web = Web()
    server = _Server(("127.0.0.1", 0), _handler(web))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
