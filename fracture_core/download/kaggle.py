"""Datasets on Kaggle, with the user's own API key.

kagglehub finds the key and calls Kaggle's API; the file itself is downloaded by `transfer`. The download of
kagglehub 1.0 is not used: it does not resume in a chosen folder, may write an error text into a partial file,
reports no progress, and unpacks archives without checking file names.
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
    """A dataset on Kaggle.

    Attributes:
        handle: owner/name.
    """

    handle: str

    def listing(self, session: requests.Session) -> Listing:
        """Return the newest version; see `listing.DatasetHost`. Kaggle packs all files into one archive."""
        _check_key(self.handle)
        what = f"the description of {self.handle}"
        try:
            return self._listing()
        except CONNECTION_ERRORS as error:
            raise unreachable_error(what, _HOST) from error
        except requests.exceptions.HTTPError as error:
            remedy = f"Check your key at {_KEYS}, and whether the dataset requires you to accept its terms"
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
        """Return the signed URL of a version's archive. It is valid for a few minutes."""
        with _dataset_api() as datasets, self._archive(datasets, version) as response:
            return str(response.url)

    def _archive(self, datasets: Any, version: int) -> requests.Response:
        """Request the archive; only the headers have been read."""
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

        request = ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = self.handle.split("/")
        request.dataset_version_number = version
        response: requests.Response = datasets.download_dataset(request)
        return response


@contextmanager
def _dataset_api() -> Iterator[Any]:
    """Open Kaggle's dataset API with the user's key."""
    # The library prints notes, such as on newer versions. They go to stderr, because stdout is for results.
    with redirect_stdout(sys.stderr):
        # Imported here because the import is slow and only needed for Kaggle.
        from kagglehub.clients import build_kaggle_client

        with build_kaggle_client() as client:
            yield client.datasets.dataset_api_client


def _check_key(handle: str) -> None:
    """Raise DataError if there is no usable API key."""
    from kagglehub.config import get_kaggle_credentials

    try:
        has_key = get_kaggle_credentials() is not None
    except (ValueError, OSError) as error:
        raise DataError(f"The Kaggle key cannot be used ({error}). Create a new one at {_KEYS}.") from error
    if not has_key:
        raise DataError(
            f"No Kaggle key found for {handle}. Sign in at {_KEYS}, create a token, and save it as "
            "~/.kaggle/access_token or in KAGGLE_API_TOKEN. A kaggle.json file, or KAGGLE_USERNAME with KAGGLE_KEY, "
            "works too."
        )
