"""What a host answers instead of what was asked for, in one sentence."""

import requests

from fracture_core.errors import DataError

#: What requests raises where a connection cannot be made, or breaks off.
CONNECTION_ERRORS = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


def unreachable_error(what: str, host: str) -> DataError:
    """The error for a connection that cannot be made, or broke off too often."""
    return DataError(
        f"Expected {what} from {host}, but the connection cannot be made or breaks off: check the network and try "
        "again; what was fetched is kept."
    )


def refused_error(what: str, host: str, response: requests.Response, remedy: str) -> DataError:
    """The error for any other status than the one hoped for."""
    status = f"{response.status_code} {response.reason or ''}".strip()
    return DataError(f"Expected {what} from {host}, but it answered “{status}”: {remedy}.")


def unexpected_response_error(what: str, host: str, detail: object) -> DataError:
    """The error for an answer that is not of the form that this program knows."""
    return DataError(
        f"Expected {what} from {host}, but its answer cannot be read ({detail}): try again later, or look for a newer "
        "version of this program."
    )
