"""The checksum that hosts publish."""

import hashlib
from pathlib import Path


def md5_of_file(path: Path) -> str:
    """MD5 of a file, in hexadecimal. It tells a damaged file from a whole one, nothing more."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
