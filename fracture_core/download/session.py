"""HTTP session for downloads: user agent, timeout and retries."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from fracture_core import __version__


@dataclass(frozen=True)
class RetryPolicy:
    """Retry policy of downloads.

    Attributes:
        tries: maximum number of successive attempts without progress, at least 1.
        wait: seconds before the second attempt; doubled for each further attempt.
        longest: maximum wait in seconds, also if the server requests more.
        timeout: seconds without data after which a connection counts as interrupted.
    """

    tries: int = 5
    wait: float = 1.0
    longest: float = 60.0
    timeout: float = 30.0

    def before(self, attempt: int) -> float:
        """Return the seconds to wait before an attempt, counted from 1."""
        return min(self.longest, self.wait * 2.0 ** (attempt - 1))


#: Default policy.
DEFAULT_RETRY = RetryPolicy()


class _Adapter(HTTPAdapter):
    """HTTP adapter with a default timeout and retries."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._timeout = policy.timeout
        retry = Retry(
            total=policy.tries - 1,
            # Few retries: without a network the user should know soon, and each file has its own attempts.
            connect=min(1, policy.tries - 1),
            read=min(1, policy.tries - 1),
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET",),
            backoff_factor=policy.wait,
            backoff_max=policy.longest,
            retry_after_max=max(1, int(policy.longest)),
            raise_on_status=False,
        )
        super().__init__(max_retries=retry)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request, with the policy's timeout if none is given."""
        return super().send(request, stream, timeout or self._timeout, verify, cert, proxies)


def open_session(retry: RetryPolicy) -> requests.Session:
    """Open a session that identifies this program and retries if a server is busy.

    Args:
        retry: retry policy.
    """
    session = requests.Session()
    session.headers["User-Agent"] = f"second-look/{__version__}"
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(retry))
    return session
