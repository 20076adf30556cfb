"""Datasets on figshare, through its public API version 2 (https://docs.figshare.com). No account is needed."""

from dataclasses import dataclass
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

_HOST = "figshare"


@dataclass(frozen=True)
class FigshareHost:
    """An article on figshare: a set of files with a licence and versions.

    Attributes:
        article: number of the article, the last part of its DOI.
        api: base URL of the API.
    """

    article: int
    api: str = "https://api.figshare.com/v2"

    def listing(self, session: requests.Session) -> Listing:
        """Return the newest version of the article; see `listing.DatasetHost`."""
        what = f"the description of article {self.article}"
        try:
            response = session.get(f"{self.api}/articles/{self.article}")
            if response.status_code != requests.codes.ok:
                raise refused_error(
                    what, _HOST, response, "Try again later, or check whether the dataset has moved"
                )
            article = response.json()
            return Listing(
                version=str(article["version"]),
                date=str(article["published_date"])[:10],
                licence=str(article["license"]["name"]),
                files=tuple(_remote_file(file) for file in article["files"] if not file.get("is_link_only")),
            )
        except CONNECTION_ERRORS as error:
            raise unreachable_error(what, _HOST) from error
        except (requests.exceptions.RequestException, KeyError, TypeError, ValueError) as error:
            raise unexpected_response_error(what, _HOST, repr(error)) from error


def _remote_file(file: dict[str, Any]) -> RemoteFile:
    return RemoteFile(
        name=str(file["name"]),
        size=int(file["size"]),
        md5=str(file.get("computed_md5") or file.get("supplied_md5") or "").lower(),
        host=_HOST,
        address=partial(str, file["download_url"]),
    )
