"""Extraction of zip archives from untrusted sources: every member is checked before anything is written."""

import shutil
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fracture_core.errors import DataError
from fracture_core.io.disk_space import check_free_space, disk_errors
from fracture_core.io.file_size import format_file_size
from fracture_core.io.zip_limits import ENCRYPTED_FLAG, SUPPORTED_COMPRESSION, member_names

# Radiographs hardly shrink in an archive and tables shrink tenfold. No dataset has a higher compression ratio.
_MAX_RATIO = 30
_SMALL_ARCHIVE = 64 << 20


@dataclass(frozen=True)
class ArchiveLimits:
    """The largest archive that is extracted.

    Attributes:
        files: number of files.
        size: bytes after extraction.
    """

    files: int
    size: int


def unzip(archive: Path, folder: Path, most: ArchiveLimits | None = None) -> None:
    """Extract an archive completely, or not at all if one of its members is refused.

    Files that macOS adds to archives are left out. A damaged archive is deleted, so that it can be downloaded again.

    Args:
        archive: a zip file.
        folder: the target folder; it is created if missing, and incomplete until this function has returned.
        most: the largest accepted archive; None if only the free disk space limits it.

    Raises:
        DataError: a member would be written outside the folder, is a link, has the same name as another or is
            encrypted; the archive is too large, damaged or a decompression bomb; or the disk cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            members = _check_members(archive, file.infolist())
            if most is not None:
                _check_limits(archive, [member for member, _ in members], most)
            with disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            check_free_space(folder, sum(member.file_size for member, _ in members))
            for member, path in members:
                with file.open(member) as source, disk_errors(folder / path):
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    with (folder / path).open("xb") as target:
                        shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError) as error:
        with disk_errors(archive):
            archive.unlink()
        raise DataError(
            f"{archive.name} is damaged or not a supported zip archive ({error}). Get a complete copy and try again."
        ) from error


def _check_members(
    archive: Path, infos: list[zipfile.ZipInfo]
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to write with their paths below the folder; one bad member refuses the whole archive."""
    files = []
    used: dict[str, bool] = {}
    packed = archive.stat().st_size
    for info, name in zip(infos, member_names(infos), strict=True):
        posix_name = name.replace("\\", "/")  # some programs write Windows paths
        path, is_folder = PurePosixPath(posix_name), posix_name.endswith("/")
        problem = _member_problem(info, path, packed)
        if problem:
            raise _refusal(archive, name, problem)
        if _is_macos_file(path):
            continue
        _reserve_path(archive, used, path, is_folder)
        if not is_folder:
            files.append((info, path))
    size = sum(info.file_size for info, _ in files)
    if size > max(_SMALL_ARCHIVE, _MAX_RATIO * packed):
        raise DataError(
            f"{archive.name} was not unpacked: its {format_file_size(packed)} would become {format_file_size(size)}, "
            f"more than {_MAX_RATIO} times as much. Check where the archive comes from."
        )
    return files


def _check_limits(archive: Path, members: list[zipfile.ZipInfo], most: ArchiveLimits) -> None:
    """Check the sizes in the archive's directory; zipfile never extracts more bytes than these."""
    size = sum(member.file_size for member in members)
    if len(members) > most.files or size > most.size:
        raise DataError(
            f"{archive.name} contains {len(members):,} files of {format_file_size(size)}, but at most {most.files:,} "
            f"files of {format_file_size(most.size)} are accepted. Unpack it yourself and enter the folder."
        )


def _member_problem(info: zipfile.ZipInfo, path: PurePosixPath, packed: int) -> str:
    """Why a member of an archive of `packed` bytes is refused; empty if it is accepted."""
    file_type = stat.S_IFMT(info.external_attr >> 16)
    if path.is_absolute():
        return "is an absolute path"
    if ".." in path.parts:
        return "leads out of the target folder"
    if any(":" in part for part in path.parts):
        return "contains a drive name"
    if not path.parts or any(ord(letter) < 32 for letter in str(path)):
        return "is not a valid file name"
    if file_type == stat.S_IFLNK:
        return "is a link"
    if file_type not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is not a regular file"
    if info.flag_bits & ENCRYPTED_FLAG:
        return "is encrypted"
    if not 0 <= info.header_offset < packed:
        return "lies outside the archive"
    if info.compress_type not in SUPPORTED_COMPRESSION:
        return f"has an unsupported compression method ({info.compress_type})"
    return ""


def _is_macos_file(path: PurePosixPath) -> bool:
    return path.parts[0] == "__MACOSX" or path.name == ".DS_Store" or path.name.startswith("._")


def _reserve_path(archive: Path, used: dict[str, bool], path: PurePosixPath, is_folder: bool) -> None:
    """Record a path and its parent folders; refuse a name that some file systems treat as equal to another.

    Args:
        archive: named in the error message.
        used: names so far, and whether each is a folder; extended.
        path: the member.
        is_folder: whether the member is a folder.
    """
    for name, folder in ((path, is_folder), *((parent, True) for parent in path.parents[:-1])):
        # Some file systems ignore case or the Unicode normal form.
        key = unicodedata.normalize("NFC", str(name)).casefold()
        if key in used and not (folder and used[key]):
            raise _refusal(archive, str(path), "has the same name as another member")
        used[key] = folder


def _refusal(archive: Path, name: str, problem: str) -> DataError:
    return DataError(
        f"{archive.name} was not unpacked: {name!r} {problem}. Check where the archive comes from."
    )
