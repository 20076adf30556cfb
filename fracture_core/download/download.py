"""From the name of a public data set to a folder that can be trained on."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.download import licence_files
from fracture_core.download.listing import Listing
from fracture_core.download.public_datasets import PublicDataset
from fracture_core.download.session import DEFAULT_RETRY, RetryPolicy, open_session
from fracture_core.download.transfer import FetchedFile, fetch_file
from fracture_core.errors import DataError
from fracture_core.io.disk_space import check_free_space, disk_errors
from fracture_core.io.file_size import format_file_size
from fracture_core.io.unzip import unzip
from fracture_core.jobs.progress import ProgressCallback, ignore_progress
from fracture_core.vocabulary import SPLITS

# Nobody else's: the folder of this name is emptied without a question.
_WORK = ".second-look-download"


@dataclass(frozen=True)
class DownloadedDataset:
    """A data set on this disk.

    Attributes:
        folder: its folder.
        layout: the layout it was recognised as; empty where none fits.
        counts: radiographs by split, the split "" where it has none.
        warnings: sentences on what is not as published.
    """

    folder: Path
    layout: str
    counts: Mapping[str, int]
    warnings: tuple[str, ...]

    @property
    def image_count(self) -> int:
        """How many radiographs."""
        return sum(self.counts.values())


def download_dataset(
    row: PublicDataset,
    folder: Path,
    progress: ProgressCallback = ignore_progress,
    say: Callable[[str], None] = lambda sentence: None,
    patience: RetryPolicy = DEFAULT_RETRY,
) -> DownloadedDataset:
    """Fetches, verifies and unpacks a data set.

    The caller has shown `licence_files.licence_text` and has the user's consent. Archives and what is being unpacked
    lie in `folder` + ".second-look-download" until all is well; `folder` itself appears complete or not at all. A call
    that was interrupted, by `progress` for example, is taken up where it stopped.

    Args:
        row: the set.
        folder: where to; missing or empty, or a complete download of the same set, which is left as it is.
        progress: called with (stage, bytes present, bytes in total) while files are fetched.
        say: called with a sentence for each step.
        patience: how long to go on trying.

    Returns:
        What is there now.

    Raises:
        DataError: the set asks for registration, the host refuses or cannot be reached, its licence has
            changed, a file is not as published or not safe to unpack, or the disk refuses.
    """
    if row.source is None:
        raise DataError(
            f"Expected a set that may be fetched by a program, but {row.title} is given to those who register: sign "
            f"its agreement at {row.page}, unpack what you get, and give that folder as your data."
        )
    folder = folder.resolve()
    with disk_errors(folder):
        complete = licence_files.is_complete(folder, row)
        taken = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    if taken and not complete:
        raise DataError(
            f"Expected a new or empty folder for {row.title}, but {folder} holds something else: name another."
        )
    work = folder.with_name(folder.name + _WORK)
    if complete:
        say(f"{row.title} is in {folder} already.")
        _remove_work_folder(work)
        return _identify(row, folder)
    with open_session(patience) as session:
        listing = row.source.listing(session)
        _check(row, listing)
        with disk_errors(work):
            work.mkdir(parents=True, exist_ok=True)
        number = f"{len(listing.files)} {'file' if len(listing.files) == 1 else 'files'}"
        say(f"{row.title}, version {listing.version}: {number}, {format_file_size(listing.size)}.")
        here = sum(path.stat().st_size for path in work.iterdir() if path.is_file())
        check_free_space(work, listing.size - here)
        fetched: list[FetchedFile] = []
        for remote in listing.files:
            before = sum(file.size for file in listing.files[: len(fetched)])

            def report_bytes(done: int, before: int = before) -> None:
                progress("Fetching", before + done, listing.size)

            fetched.append(fetch_file(session, remote, work, report_bytes, patience))
    say("Unpacking.")
    root = _unpacked(row, work / "unpacked", fetched)
    licence_files.write_licence_files(root, row, listing, fetched)
    with disk_errors(folder):
        if folder.exists():
            folder.rmdir()
        root.rename(folder)
    _remove_work_folder(work)
    return _identify(row, folder)


def _check(row: PublicDataset, listing: Listing) -> None:
    """Refuses terms that nobody agreed to, and files whose names are none."""
    if row.licence_url and listing.licence != row.licence:
        raise DataError(
            f"Expected {row.title} under {row.licence}, but its host names {listing.licence!r} now: read {row.page} "
            "and fetch it there if you agree."
        )
    names = [file.name.casefold() for file in listing.files]
    if not names or len(set(names)) < len(names) or not all(map(_is_plain, names)):
        found = ", ".join(names) or "none"
        raise DataError(
            f"Expected files with plain names of their own in {row.title}, but its host lists {found}: fetch them at "
            f"{row.page}."
        )


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file and leads nowhere, on any system."""
    return name.strip(". ") != "" and not any(letter in '\\/:*?"<>|' or ord(letter) < 32 for letter in name)


def _unpacked(row: PublicDataset, folder: Path, files: list[FetchedFile]) -> Path:
    """Unpacks archives, puts other files beside them, and finds the root of the data set.

    One archive is the data set; of several each gets a folder of its name.
    """
    _remove_work_folder(folder)  # of a call that was killed
    with disk_errors(folder):
        folder.mkdir()
    for file in files:
        if file.path.suffix.lower() == ".zip":
            unzip(file.path, folder if len(files) == 1 else folder / file.path.stem)
        else:
            with disk_errors(folder):
                file.path.rename(folder / file.path.name)
    if not find_images(folder):
        raise DataError(
            f"Expected radiographs in {row.title}, but what was fetched holds none: see whether {row.page} has changed."
        )
    while len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        folder = inside[0]
    return folder


def _remove_work_folder(folder: Path) -> None:
    """Deletes a folder of ours."""
    with disk_errors(folder):
        if folder.exists():
            shutil.rmtree(folder)


def _identify(row: PublicDataset, folder: Path) -> DownloadedDataset:
    """What the layouts make of a folder, compared with what was published."""
    warnings = []
    try:
        catalogue = read_catalogue(folder)
        layout, found = catalogue.layout, Counter(case.split for case in catalogue.cases)
    except DataError as error:
        layout, found = "", Counter({"": len(find_images(folder))})
        warnings.append(str(error))
    counts = {split: found[split] for split in ("", *SPLITS) if found[split]}
    if counts != row.counts:
        warnings.append(
            f"Expected {_counts_text(row.counts)} as published, but there are {_counts_text(counts)}: results on "
            f"these need "
            "not agree with what others found."
        )
    return DownloadedDataset(folder, layout, counts, tuple(warnings))


def _counts_text(counts: Mapping[str, int]) -> str:
    """Counts as a reader takes them in: train 8,863, val 600."""
    return ", ".join(f"{split} {number:,}".strip() for split, number in counts.items()) + " films"
