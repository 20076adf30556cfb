"""Download of a public dataset to a folder that can be used for training."""

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

# Suffix of the temporary folder. It is only used by this module, so it may be emptied.
_WORK_SUFFIX = ".second-look-download"


@dataclass(frozen=True)
class DownloadedDataset:
    """A dataset on the local disk.

    Attributes:
        folder: its folder.
        layout: name of the recognised layout; "" if none fits.
        counts: number of radiographs by split; the split is "" for an unsplit dataset.
        warnings: differences from the published dataset, one sentence each.
    """

    folder: Path
    layout: str
    counts: Mapping[str, int]
    warnings: tuple[str, ...]

    @property
    def image_count(self) -> int:
        """Total number of radiographs."""
        return sum(self.counts.values())


def download_dataset(
    dataset: PublicDataset,
    folder: Path,
    progress: ProgressCallback = ignore_progress,
    report: Callable[[str], None] = lambda message: None,
    retry: RetryPolicy = DEFAULT_RETRY,
) -> DownloadedDataset:
    """Download, verify and unpack a dataset.

    The caller must have shown `licence_files.licence_text` and obtained the user's consent. Archives and
    unpacked files are in `folder` + ".second-look-download" until everything is verified. `folder` itself is
    created only when it is complete. An interrupted call, for example by `progress`, is resumed by the next.

    Args:
        dataset: the dataset.
        folder: target folder: missing, empty, or a complete download of the same dataset, which is kept.
        progress: called with (stage, bytes downloaded, total bytes).
        report: called with a message for each step.
        retry: retry policy of the transfers.

    Returns:
        The downloaded dataset.

    Raises:
        DataError: The dataset requires registration, the host refuses or is unreachable, the licence has
            changed, a file differs from the published one or is unsafe to unpack, or the disk reports an error.
    """
    if dataset.source is None:
        raise DataError(
            f"{dataset.title} requires registration and cannot be downloaded by this program. Sign its agreement at "
            f"{dataset.page}, unpack the files and use that folder as your data."
        )
    folder = folder.resolve()
    with disk_errors(folder):
        complete = licence_files.is_complete(folder, dataset)
        occupied = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    if occupied and not complete:
        raise DataError(
            f"{dataset.title} needs a new or empty folder, but {folder} contains other files. Choose another folder."
        )
    work = folder.with_name(folder.name + _WORK_SUFFIX)
    if complete:
        report(f"{dataset.title} is already in {folder}.")
        _remove_work_folder(work)
        return _identify(dataset, folder)
    with open_session(retry) as session:
        listing = dataset.source.listing(session)
        _check_listing(dataset, listing)
        with disk_errors(work):
            work.mkdir(parents=True, exist_ok=True)
        file_count = f"{len(listing.files)} {'file' if len(listing.files) == 1 else 'files'}"
        report(f"{dataset.title}, version {listing.version}: {file_count}, {format_file_size(listing.size)}.")
        downloaded = sum(path.stat().st_size for path in work.iterdir() if path.is_file())
        check_free_space(work, listing.size - downloaded)
        fetched: list[FetchedFile] = []
        for remote in listing.files:
            before = sum(file.size for file in listing.files[: len(fetched)])

            def report_total(done: int, before: int = before) -> None:
                progress("Downloading", before + done, listing.size)

            fetched.append(fetch_file(session, remote, work, report_total, retry))
    report("Unpacking.")
    root = _unpack(dataset, work / "unpacked", fetched)
    licence_files.write_licence_files(root, dataset, listing, fetched)
    with disk_errors(folder):
        if folder.exists():
            folder.rmdir()
        root.rename(folder)
    _remove_work_folder(work)
    return _identify(dataset, folder)


def _check_listing(dataset: PublicDataset, listing: Listing) -> None:
    """Reject a changed licence and unsafe file names."""
    if dataset.licence_url and listing.licence != dataset.licence:
        raise DataError(
            f"The licence of {dataset.title} has changed from {dataset.licence} to {listing.licence!r}. Read "
            f"{dataset.page}, and download the files there if you agree."
        )
    names = [file.name.casefold() for file in listing.files]
    if not names or len(set(names)) < len(names) or not all(map(_is_plain, names)):
        listed = ", ".join(names) or "none"
        raise DataError(
            f"The host of {dataset.title} lists no files, or files with unsafe or repeated names ({listed}). Download "
            f"them at {dataset.page}."
        )


def _is_plain(name: str) -> bool:
    """Return whether a name is a plain file name on every operating system, without a path."""
    return name.strip(". ") != "" and not any(letter in '\\/:*?"<>|' or ord(letter) < 32 for letter in name)


def _unpack(dataset: PublicDataset, folder: Path, files: list[FetchedFile]) -> Path:
    """Unpack archives, move other files next to them, and return the root of the dataset.

    A single archive is unpacked directly; several archives get a folder each.
    """
    _remove_work_folder(folder)  # left by a killed process
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
            f"The download of {dataset.title} contains no radiographs. Check {dataset.page} for changes."
        )
    while len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        folder = inside[0]
    return folder


def _remove_work_folder(folder: Path) -> None:
    """Delete a temporary folder of this module."""
    with disk_errors(folder):
        if folder.exists():
            shutil.rmtree(folder)


def _identify(dataset: PublicDataset, folder: Path) -> DownloadedDataset:
    """Recognise the layout of a folder and compare the counts with the published ones."""
    warnings = []
    try:
        catalogue = read_catalogue(folder)
        layout, counter = catalogue.layout, Counter(case.split for case in catalogue.cases)
    except DataError as error:
        layout, counter = "", Counter({"": len(find_images(folder))})
        warnings.append(str(error))
    counts = {split: counter[split] for split in ("", *SPLITS) if counter[split]}
    if counts != dataset.counts:
        warnings.append(
            f"The download contains {_counts_text(counts)}; {_counts_text(dataset.counts)} were published. Results may "
            "differ from published ones."
        )
    return DownloadedDataset(folder, layout, counts, tuple(warnings))


def _counts_text(counts: Mapping[str, int]) -> str:
    """Return counts as text, such as "train 8,863, val 600 images"."""
    return ", ".join(f"{split} {number:,}".strip() for split, number in counts.items()) + " images"
