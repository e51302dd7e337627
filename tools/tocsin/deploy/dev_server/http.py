"""The dev-server on a socket of this machine, and faults that it can be told to make."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tocsin.deploy.dev_server.service import Request, Response, WorkspaceService
from tocsin.deploy.dev_server.state import load_state
from tocsin.deploy.environment import DEV_SERVER_PORT, is_loopback
from tocsin.deploy.errors import CannotListen, DeployError

HOST = "127.0.0.1"
BODY_LIMIT = 16 * 1024 * 1024
REMEMBERED_REQUESTS = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour for one request: an error status (with ``Retry-After`` seconds if given), or with ``drop`` a
    connection that closes without an answer. With ``after`` the request is carried out and only its answer lost."""

    status: int = 500
    retry_after: int | None = None
    drop: bool = False
    after: bool = False


class DevServer:
    """A running dev-server; leave the ``with`` block to stop it.

    ``port`` 0 takes a free one. ``state`` is the file to keep the workspace in, None for memory. ``log`` is called with
    one line for each request.
    """

    def __init__(
        self,
        port: int = 0,
        state: Path | None = None,
        *,
        page_size: int = 100,
        log: Callable[[str], None] | None = None,
    ) -> None:
        workspace = load_state(state)
        try:
            self._http = _Server((HOST, port), _Handler)
        except OSError as error:
            raise CannotListen(
                f"cannot listen on {HOST}:{port}: {error.strerror}", "choose another --port, or stop what listens there"
            ) from None
        self.url = f"http://{HOST}:{self._http.server_address[1]}"
        self._http.service = WorkspaceService(workspace, self.url, page_size)
        self._http.log = log
        self._thread: threading.Thread | None = None

    def __enter__(self) -> DevServer:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        if self._thread is not None:
            self._thread.join()

    @property
    def requests(self) -> list[str]:
        """``METHOD path`` of the last requests, faults included."""
        return list(self._http.seen)

    def fail_next(self, *faults: Fault) -> None:
        """Make the next requests go wrong, one fault each."""
        self._http.faults.extend(faults)

    def run(self) -> None:
        """Serve until interrupted (KeyboardInterrupt)."""
        try:
            self._http.serve_forever()
        finally:
            self._http.server_close()


def serve(port: int = DEV_SERVER_PORT, state: Path | None = None, log: Callable[[str], None] | None = None) -> None:
    """Run a dev-server until Ctrl+C. ``log`` gets the address first, then a line for each request."""
    server = DevServer(port, state, log=log)
    with suppress(KeyboardInterrupt):
        if log is not None:
            log(f"dev-server listens on {server.url} (stop with Ctrl+C)")
        server.run()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: WorkspaceService
    log: Callable[[str], None] | None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lock = threading.Lock()
        self.faults: deque[Fault] = deque()
        self.seen: deque[str] = deque(maxlen=REMEMBERED_REQUESTS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet; in two, the second waits 40 ms for the acknowledgement of the first.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    do_PUT = do_DELETE = do_POST = do_PATCH = do_HEAD = do_GET  # noqa: N815  (names of the base class)

    def _answer(self) -> None:
        refusal = self._refused_before_reading()
        if refusal is not None:
            self.close_connection = True
            self._send(refusal)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, {key.lower(): value for key, value in self.headers.items()}, body)
        with self.server.lock:
            self.server.seen.append(f"{self.command} {self.path.partition('?')[0]}")
            fault = self.server.faults.popleft() if self.server.faults else None
            response = self._serve(request) if fault is None or fault.after else None
        if fault is not None:
            if fault.drop:
                self.close_connection = True
                return
            response = _fault_response(fault)
        if response is not None:
            self._send(response)

    def _serve(self, request: Request) -> Response:
        try:
            return self.server.service.answer(request)
        except DeployError as error:
            return Response(500, {"error": {"code": "InternalServerError", "message": str(error)}})

    def _refused_before_reading(self) -> Response | None:
        """A page in a browser must not reach the server through a name that resolves to this machine."""
        length = self.headers.get("Content-Length") or "0"
        if not is_loopback(f"http://{self.headers.get('Host', '')}"):
            return _error(403, "Forbidden", "The Host header does not name this machine.")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            return _error(411, "LengthRequired", "A request needs a Content-Length.")
        if int(length) > BODY_LIMIT:
            return _error(413, "RequestEntityTooLarge", f"A request has at most {BODY_LIMIT} bytes.")
        return None

    def _send(self, response: Response) -> None:
        data = b"" if response.body is None else json.dumps(response.body, ensure_ascii=False).encode("utf-8")
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(data)))
        if data:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.log is not None:
            line = format % args
            self.server.log("".join(char if char.isprintable() else "?" for char in line))


def _fault_response(fault: Fault) -> Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return Response(fault.status, {"error": {"code": "Fault", "message": "made on demand"}}, headers)


def _error(status: int, code: str, message: str) -> Response:
    return Response(status, {"error": {"code": code, "message": message}})
