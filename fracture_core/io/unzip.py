"""Unpack a zip archive from a stranger: every name is judged before anything is written."""

import shutil
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fracture_core.errors import DataError
from fracture_core.io.disk_space import check_free_space, data_disk_errors
from fracture_core.io.file_size import format_file_size
from fracture_core.io.zip_limits import ENCRYPTED_FLAG, SUPPORTED_COMPRESSION, member_names

# Radiographs hardly shrink in an archive, tables by ten times; what swells more is no data set.
_MAX_RATIO = 30
_SMALL_ARCHIVE = 64 << 20


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may hold.

    Attributes:
        files: how many.
        size: bytes, unpacked.
    """

    files: int
    size: int


def unzip(archive: Path, folder: Path, most: ArchiveLimits | None = None) -> None:
    """Unpacks an archive, all of it or, where a name in it is refused, nothing.

    What macOS leaves behind in archives is left out. An archive that is damaged is deleted, so that it can
    be fetched again.

    Args:
        archive: a zip file.
        folder: where to; made if missing. It is incomplete until this function has returned.
        most: how much it may hold; None for whatever the disk has room for.

    Raises:
        DataError: a member would leave the folder, is a link, collides with another or is encrypted, the
            archive holds too much, swells out of proportion or is damaged, or the disk refuses.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            members = _members(archive, file.infolist())
            if most is not None:
                _check(archive, [member for member, _ in members], most)
            with data_disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            check_free_space(folder, sum(member.file_size for member, _ in members))
            for member, path in members:
                with file.open(member) as source, data_disk_errors(folder / path):
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    with (folder / path).open("xb") as target:
                        shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError) as error:
        with data_disk_errors(archive):
            archive.unlink()
        raise DataError(
            f"Expected a whole zip archive, but {archive.name} is damaged or of an unknown kind ({error}): get "
            "a whole one and try again."
        ) from error


def _members(archive: Path, infos: list[zipfile.ZipInfo]) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to write with their paths below the folder; refuses the whole archive for one bad member."""
    kept = []
    taken: dict[str, bool] = {}
    packed = archive.stat().st_size
    for info, name in zip(infos, member_names(infos), strict=True):
        spelled = name.replace("\\", "/")  # some programs write the paths of Windows
        path, is_folder = PurePosixPath(spelled), spelled.endswith("/")
        fault = _member_problem(info, path, packed)
        if fault:
            raise _refusal(archive, name, fault)
        if _is_junk(path):
            continue
        _reserve_path(archive, taken, path, is_folder)
        if not is_folder:
            kept.append((info, path))
    size = sum(info.file_size for info, _ in kept)
    if size > max(_SMALL_ARCHIVE, _MAX_RATIO * packed):
        raise DataError(
            f"Expected at most {_MAX_RATIO} times its size in {archive.name}, but its {format_file_size(packed)} "
            f"would swell to "
            f"{format_file_size(size)}: nothing was unpacked, look at it before you trust it."
        )
    return kept


def _check(archive: Path, members: list[zipfile.ZipInfo], most: ArchiveLimits) -> None:
    """Refuses an archive by what it announces; zipfile unpacks no byte more than is announced."""
    size = sum(member.file_size for member in members)
    if len(members) > most.files or size > most.size:
        raise DataError(
            f"Expected at most {most.files:,} files of {format_file_size(most.size)} in {archive.name}, but it holds "
            f"{len(members):,} of {format_file_size(size)}: unpack it yourself and give the folder."
        )


def _member_problem(info: zipfile.ZipInfo, path: PurePosixPath, packed: int) -> str:
    """Why a member of an archive of `packed` bytes is refused, empty where it is not."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if path.is_absolute():
        return "is an absolute path"
    if ".." in path.parts:
        return "leads out of its folder"
    if any(":" in part for part in path.parts):
        return "names a drive"
    if not path.parts or any(ord(letter) < 32 for letter in str(path)):
        return "is no file name"
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is no ordinary file"
    if info.flag_bits & ENCRYPTED_FLAG:
        return "is encrypted"
    if not 0 <= info.header_offset < packed:
        return "lies outside the archive"
    if info.compress_type not in SUPPORTED_COMPRESSION:
        return f"is packed by a method ({info.compress_type}) that needs another program"
    return ""


def _is_junk(path: PurePosixPath) -> bool:
    """Whether macOS left it behind."""
    return path.parts[0] == "__MACOSX" or path.name == ".DS_Store" or path.name.startswith("._")


def _reserve_path(archive: Path, taken: dict[str, bool], path: PurePosixPath, is_folder: bool) -> None:
    """Takes a path and the folders above it; refuses what some disk would take for the same name.

    Args:
        archive: for the sentence.
        taken: names so far, and whether each is a folder; added to.
        path: the member.
        is_folder: whether it is a folder.
    """
    for name, folder in ((path, is_folder), *((above, True) for above in path.parents[:-1])):
        # As disks do that know no upper case, or one spelling of an accent.
        key = unicodedata.normalize("NFC", str(name)).casefold()
        if key in taken and not (folder and taken[key]):
            raise _refusal(archive, str(path), "collides with another member")
        taken[key] = folder


def _refusal(archive: Path, name: str, fault: str) -> DataError:
    return DataError(
        f"Expected files that stay in their folder, but {name!r} in {archive.name} {fault}: nothing was unpacked, look "
        "at the archive before you trust it."
    )
