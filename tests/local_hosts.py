"""A local web server for datasets that simulates the failures of real servers."""

import hashlib
import io
import itertools
import json
import random
import threading
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Request(NamedTuple):
    """A request that the server received."""

    method: str
    path: str
    headers: dict[str, str]


class Page:
    """A page of the server and how it responds.

    Args:
        body: content of the page.
        etag: its ETag; "" for none.
        ranges: whether it supports Range and If-Range.
        statuses: status codes of the first requests.
        drops: for each request, bytes after which the connection is closed; None for never.
        length: whether Content-Length is sent.
        headers: sent with every response.
    """

    def __init__(
        self,
        body: bytes = b"",
        etag: str = '"one"',
        ranges: bool = True,
        statuses: Iterable[int] = (),
        drops: Iterable[int | None] = (),
        length: bool = True,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.body, self.etag, self.ranges, self.length = body, etag, ranges, length
        self.headers = headers or {}
        self.sent = 0  # bytes of the body, over all requests
        self._statuses = iter(statuses)
        self._drops = itertools.chain(drops, itertools.repeat(None))

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        status, start = next(self._statuses, 200), 0
        range_header = handler.headers.get("Range")
        if (
            status == 200
            and self.ranges
            and range_header
            and handler.headers.get("If-Range", self.etag) == self.etag
        ):
            start = int(range_header.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start < len(self.body) else 416
        body = memoryview(self.body)[start:] if status in (200, 206) else memoryview(b"")
        handler.send_response(status)
        if self.length:
            handler.send_header("Content-Length", str(len(body)))
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{len(self.body)}")
        if self.etag:
            handler.send_header("ETag", self.etag)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        drop = next(self._drops) if len(body) else None
        for at in range(0, len(body) if drop is None else drop, 1 << 16):
            self.sent += handler.wfile.write(
                body[at : min(at + (1 << 16), len(body) if drop is None else drop)]
            )
        handler.close_connection = True


class Moved(Page):
    """A page that redirects to another address."""

    def __init__(self, target: str) -> None:
        super().__init__(headers={"Location": target}, etag="", statuses=itertools.repeat(302))


class LocalHost:
    """The running web server.

    Attributes:
        url: its address.
        pages: its pages by path.
        log: the requests in order.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, Page] = {}
        self.log: list[Request] = []

    def requests_for(self, path: str) -> list[Request]:
        """The requests for one path."""
        return [request for request in self.log if request.path == path]

    def article(self, number: int, pages: dict[str, Page], **changes: object) -> None:
        """Serve an article in the format of the figshare API, with its files."""
        described = {
            "id": number,
            "version": 6,
            "published_date": "2023-06-01T10:00:00Z",
            "license": {
                "value": 1,
                "name": "CC BY 4.0",
                "url": "https://creativecommons.org/licenses/by/4.0/",
            },
            "files": [
                {
                    "id": at,
                    "name": name,
                    "size": len(page.body),
                    "is_link_only": False,
                    "download_url": f"{self.url}/files/{name}",
                    "supplied_md5": "",
                    "computed_md5": hashlib.md5(page.body).hexdigest(),
                }
                for at, (name, page) in enumerate(pages.items())
            ],
            **changes,
        }
        self.pages[f"/v2/articles/{number}"] = Page(json.dumps(described).encode())
        self.pages.update({f"/files/{name}": page for name, page in pages.items()})


@contextmanager
def serve() -> Iterator[LocalHost]:
    """Run a server until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.log.append(Request(self.command, self.path, dict(self.headers)))
            host.pages.get(self.path, Page(statuses=[404])).answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_args: object) -> None:
            """Print nothing; tests read `LocalHost.log`."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: object) -> None:
            """Ignore clients that close the connection; some tests do so on purpose."""

    with Server(("127.0.0.1", 0), Handler) as server:
        host = LocalHost(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield host
        server.shutdown()
        thread.join()


def pack(files: dict[str, bytes]) -> bytes:
    """Make a zip archive from files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def packed_fracatlas(count: int = 6) -> bytes:
    """Make an archive with the layout of FracAtlas. Its image files contain random bytes."""
    header = "image_id,hand,leg,hip,shoulder,mixed,hardware,multiscan,fractured,fracture_count,frontal,lateral,oblique"
    rows, films = [header], {}
    for number in range(count):
        name, folder = f"IMG{number:07d}.jpg", ("Non_fractured", "Fractured")[number % 2]
        rows.append(f"{name},1,0,0,0,0,0,0,{number % 2},{number % 2},1,0,0")
        films[f"FracAtlas/images/{folder}/{name}"] = random.Random(number).randbytes(20_000)
    table = "\n".join(rows).encode()
    return pack({"FracAtlas/dataset.csv": table, **films, "__MACOSX/FracAtlas/._dataset.csv": b"junk"})
