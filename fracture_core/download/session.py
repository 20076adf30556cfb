"""One HTTP session for all downloads: who we are, how long we wait, when we ask again."""

from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from fracture_core import __version__


@dataclass(frozen=True)
class RetryPolicy:
    """How long a download goes on trying.

    Attributes:
        tries: attempts at a file that bring no news before it is given up; 1 or greater.
        wait: seconds before the second attempt; doubled for each further one.
        longest: seconds that no wait exceeds, whatever the server asks for.
        timeout: seconds without a byte after which a connection counts as dropped.
    """

    tries: int = 5
    wait: float = 1.0
    longest: float = 60.0
    timeout: float = 30.0

    def before(self, attempt: int) -> float:
        """Seconds to wait before an attempt, counted from 1."""
        return min(self.longest, self.wait * 2 ** (attempt - 1))


#: What a download does unless told otherwise.
DEFAULT_RETRY = RetryPolicy()


class _Adapter(HTTPAdapter):
    """An adapter under which no request waits for ever."""

    def __init__(self, patience: RetryPolicy) -> None:
        self._timeout = patience.timeout
        retry = Retry(
            total=patience.tries - 1,
            # Few: without a network there is no need to say so late, and a file has its own attempts.
            connect=min(1, patience.tries - 1),
            read=min(1, patience.tries - 1),
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET",),
            backoff_factor=patience.wait,
            backoff_max=patience.longest,
            retry_after_max=max(1, int(patience.longest)),
            raise_on_status=False,
        )
        super().__init__(max_retries=retry)

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        return super().send(request, stream, timeout or self._timeout, verify, cert, proxies)


def open_session(patience: RetryPolicy) -> requests.Session:
    """A session that says who it is and asks again where a server is busy."""
    session = requests.Session()
    session.headers["User-Agent"] = f"second-look/{__version__}"
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(patience))
    return session
