"""Small HTTP servers on addresses of this machine, each remembering what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Headers = Sequence[tuple[str, str]]
Answer = tuple[int, Headers, bytes]


@dataclass
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    line: int = 0
    """The caller's port: one for each connection."""


@dataclass
class Server:
    """`asked`: every request that reached it, in order."""

    host: str
    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def saw(self, text: str) -> bool:
        return any(text in f"{asked.path} {dict(asked.headers)} {asked.body!r}" for asked in self.asked)


def json_answer(body: bytes, *headers: tuple[str, str], status: int = 200) -> Answer:
    return status, [("Content-Type", "application/json"), *headers], body


@contextmanager
def serving(reply: Callable[[Asked], Answer | bytes], host: str = "127.0.0.1") -> Iterator[Server]:
    """A server that answers with status, headers and body; with bytes, those go out as they are and the line is cut."""
    server = Server(host)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length), self.client_address[1])
            server.asked.append(asked)
            said = reply(asked)
            if isinstance(said, bytes):
                self.wfile.write(said)
                self.close_connection = True
                return
            status, headers, body = said
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_HEAD = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: the list of what was asked is enough."""

    with ThreadingHTTPServer((host, 0), Handler) as listening:
        server.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
