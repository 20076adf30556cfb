"""Which files of a data set count as images."""

from pathlib import Path

#: Name endings that are taken for images in a data set. Reading still goes by content.
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom"})


def images(folder: Path) -> list[Path]:
    """Image files below a folder, sorted, hidden files left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
