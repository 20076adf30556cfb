"""Protection of the server: who may connect, response headers, and uploads that stay in memory.

`app.py` installs `SecurityMiddleware` in front of Streamlit. docs/security.md lists what it protects against.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.formparsers import MultiPartParser
from streamlit import config
from streamlit.runtime import Runtime

from pages.components.common import access

#: A page may load and contact this server only. Streamlit needs inline styles, and the keyboard shortcuts and the
#: viewer are inline scripts. Data and blob addresses hold content that the page itself made.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)

_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_NAMES = {name for name, _ in _HEADERS}

# Streamlit's figures on sessions and memory, and its interface for programs: nothing in the app uses them.
_CLOSED_PATHS = ("/_stcore/metrics", "/_stcore/agent")
_UPLOAD_PATH = "/_stcore/upload_file/"

#: Largest total size of the uploads that the server holds for all users, in bytes.
MAX_UPLOADED_BYTES = 4 << 30

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_AsgiApp = Callable[[_Scope, _Receive, _Send], Awaitable[None]]


def check_listening_address() -> None:
    """Refuse to start where other computers could reach the app without a login.

    Raises:
        SystemExit: the configured address is not a loopback address, and neither a login nor anonymous use is set up.
    """
    address = config.get_option("server.address") or ""
    if not is_loopback(address) and not access.may_be_shared():
        raise SystemExit(
            f"The server address {address or '0.0.0.0'} lets others connect. {access.HOW_TO_SHARE}"
        )


def keep_uploads_in_memory() -> None:
    """Let no upload be written to disk. Starlette would write one of more than 1 MB to the temporary folder."""
    MultiPartParser.spool_max_size = 0  # no limit, see tempfile.SpooledTemporaryFile


def is_loopback(host: str) -> bool:
    """Return whether a socket address can be reached from this computer only.

    Args:
        host: an IP address, a host name, or a Unix socket; "" means every interface.

    Example:
        >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::ffff:127.0.0.1", "unix:///a", "0.0.0.0")]
        [True, True, True, True, False]
    """
    if host == "localhost" or host.startswith(("unix:", "/")):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


class SecurityMiddleware:
    """ASGI middleware that refuses connections from other computers unless they are allowed, and adds headers.

    The local address of each connection is checked, so that it does not matter how the server was started.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: _AsgiApp):
        self._app = app

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            status, text = refusal
            await _answer(_with_headers(send), status, text)


def _refusal(scope: _Scope) -> tuple[int, str] | None:
    """Status and sentence for a connection that is refused; None if it is accepted."""
    host = (scope.get("server") or ("", None))[0]
    if not is_loopback(host) and not access.may_be_shared():
        return 403, f"Second Look accepts connections from its own computer only. {access.HOW_TO_SHARE}"
    path = scope["path"]
    if any(closed in path for closed in _CLOSED_PATHS):
        return 404, "Not found."
    if _UPLOAD_PATH in path and scope.get("method") == "PUT" and _uploaded_bytes() > MAX_UPLOADED_BYTES:
        return 507, "The server holds too many uploads. Remove images of other studies and try again."
    return None


def _uploaded_bytes() -> int:
    """Bytes of all uploads that the server holds."""
    if not Runtime.exists():
        return 0
    # Streamlit offers no other access to the total.
    storage = getattr(Runtime.instance().uploaded_file_mgr, "file_storage", {})
    return sum(len(file.data) for files in list(storage.values()) for file in list(files.values()))


def _with_headers(send: _Send) -> _Send:
    """Add the security headers to each response."""

    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in _NAMES]
            message = {**message, "headers": [*kept, *_HEADERS]}
        await send(message)

    return send_with_headers


async def _answer(send: _Send, status: int, text: str) -> None:
    body = json.dumps({"detail": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
