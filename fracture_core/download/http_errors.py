"""User-readable errors for failed HTTP requests."""

import requests

from fracture_core.errors import DataError

#: Exceptions of requests for a failed or interrupted connection.
CONNECTION_ERRORS = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


def unreachable_error(what: str, host: str) -> DataError:
    """Return the error for a connection that failed, or was interrupted too often.

    Args:
        what: what was requested, such as a file name.
        host: name of the host.
    """
    return DataError(
        f"Could not download {what} from {host}: the connection failed or was interrupted. Check the network and try "
        "again. The part downloaded so far is kept."
    )


def refused_error(what: str, host: str, response: requests.Response, remedy: str) -> DataError:
    """Return the error for an unexpected HTTP status.

    Args:
        what: what was requested.
        host: name of the host.
        response: the response.
        remedy: what the user can do, a sentence without a full stop.
    """
    status = f"{response.status_code} {response.reason or ''}".strip()
    return DataError(f"Could not download {what} from {host}: the server answered “{status}”. {remedy}.")


def unexpected_response_error(what: str, host: str, detail: object) -> DataError:
    """Return the error for a response in an unknown format.

    Args:
        what: what was requested.
        host: name of the host.
        detail: the reason, for a bug report.
    """
    return DataError(
        f"Could not download {what} from {host}: the response cannot be read ({detail}). Try again later, or install a "
        "newer version of this program."
    )
