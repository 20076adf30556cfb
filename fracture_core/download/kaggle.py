"""Data sets on Kaggle, with the user's own key.

kagglehub finds the key and speaks to Kaggle; the file itself goes through `transfer`. kagglehub's own download
(1.0) starts anew in a folder of one's choice, writes the text of an error into the file it continues, tells its
progress to nobody, and unpacks what it got without a look at the names.
"""

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import requests

from fracture_core.download.http_errors import (
    CONNECTION_ERRORS,
    refused_error,
    unexpected_response_error,
    unreachable_error,
)
from fracture_core.download.listing import Listing, RemoteFile
from fracture_core.errors import DataError

_HOST = "Kaggle"
_KEYS = "https://www.kaggle.com/settings/api"


@dataclass(frozen=True)
class KaggleHost:
    """A data set of Kaggle.

    Attributes:
        handle: owner/name.
    """

    handle: str

    def listing(self, session: requests.Session) -> Listing:
        """The newest version; see `listing.DatasetHost`. Kaggle packs all files into one archive."""
        _check_key(self.handle)
        what = f"the description of {self.handle}"
        try:
            return self._listing()
        except CONNECTION_ERRORS as error:
            raise unreachable_error(what, _HOST) from error
        except requests.exceptions.HTTPError as error:
            remedy = f"see whether your key at {_KEYS} is still good and whether the set asks you to agree to terms"
            raise refused_error(what, _HOST, error.response, remedy) from error
        except (requests.exceptions.RequestException, KeyError, TypeError, ValueError) as error:
            raise unexpected_response_error(what, _HOST, repr(error)) from error

    def _listing(self) -> Listing:
        with _dataset_api() as datasets:
            from kagglehub.integrity import get_md5_checksum_from_response
            from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

            request = ApiGetDatasetRequest()
            request.owner_slug, request.dataset_slug = self.handle.split("/")
            described = datasets.get_dataset(request)
            version = described.current_version_number
            with self._archive(datasets, version) as response:
                checksum = get_md5_checksum_from_response(response) or ""
                archive = RemoteFile(
                    name="archive.zip",
                    size=int(response.headers["Content-Length"]),
                    md5=base64.b64decode(checksum).hex(),
                    host=_HOST,
                    address=partial(self._address, version),
                )
        day = described.last_updated
        return Listing(
            version=str(version),
            date=day.date().isoformat() if isinstance(day, datetime) else "",
            licence=described.license_name or "",
            files=(archive,),
        )

    def _address(self, version: int) -> str:
        """The signed URL of a version's archive; it serves for some minutes."""
        with _dataset_api() as datasets, self._archive(datasets, version) as response:
            return response.url

    def _archive(self, datasets: Any, version: int) -> requests.Response:
        """The archive, with nothing read of it but the headers."""
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

        request = ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = self.handle.split("/")
        request.dataset_version_number = version
        return datasets.download_dataset(request)


@contextmanager
def _dataset_api() -> Iterator[Any]:
    """Kaggle's service for data sets, asked with the user's key."""
    # What the library remarks (that there is a newer one, say) goes to stderr, as stdout is for results.
    with redirect_stdout(sys.stderr):
        # Loaded here: only who fetches from Kaggle waits for it.
        from kagglehub.clients import build_kaggle_client

        with build_kaggle_client() as client:
            yield client.datasets.dataset_api_client


def _check_key(handle: str) -> None:
    """Refuses to go on without a key."""
    from kagglehub.config import get_kaggle_credentials

    try:
        found = get_kaggle_credentials() is not None
    except (ValueError, OSError) as error:
        raise DataError(f"Expected a Kaggle key, but {error}: make a new one at {_KEYS}.") from error
    if not found:
        raise DataError(
            f"Expected a Kaggle key for {handle}, but found none: sign in at {_KEYS}, create a token, and save it as "
            "~/.kaggle/access_token or in KAGGLE_API_TOKEN (an older kaggle.json, or KAGGLE_USERNAME with KAGGLE_KEY, "
            "serves as well)."
        )
