"""Reading of radiographs in any supported format."""

from pathlib import Path

from fracture_core.errors import ImageReadError
from fracture_core.imaging import formats
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.raster import read_raster
from fracture_core.internal_errors import InternalFileError, file_boundary


def read_radiograph(source: bytes | Path | str, any_modality: bool = False) -> Radiograph:
    """Read one radiograph. The file type is detected from the content, not from the file name.

    Args:
        source: the bytes of a file, or its path.
        any_modality: whether DICOM images that are not X-ray projections, such as CT slices, are read too. Their
            `other_modality` is then set.

    Returns:
        The radiograph: grey levels in 0–1, bone bright on dark, without any patient data.

    Raises:
        ImageReadError: the file is missing, empty, damaged, too large, or not one radiograph as PNG, JPEG, TIFF, BMP,
            WebP or DICOM.

    Example:
        >>> import numpy as np
        >>> from fracture_core.imaging.overlay import encode_png
        >>> radiograph = read_radiograph(encode_png(np.full((300, 200), 51, np.uint8)))
        >>> radiograph.kind, radiograph.height, radiograph.width
        ('PNG', 300, 200)
    """
    data = bytes(source) if isinstance(source, bytes | bytearray | memoryview) else _read_file(Path(source))
    if not data:
        raise ImageReadError(f"The file is empty; {formats.EXPECTED_FORMATS}: export the image again.")
    try:
        with file_boundary():
            return _decode(data, any_modality)
    except InternalFileError as error:
        raise ImageReadError(str(error)) from error


def _decode(data: bytes, any_modality: bool) -> Radiograph:
    if formats.is_dicom(data):
        return _read_dicom(data, any_modality)
    name = formats.raster_format(data)
    if name is not None:
        return read_raster(data, name)
    if formats.may_be_bare_dicom(data):
        return _read_dicom(data, any_modality)
    raise ImageReadError(
        f"This is {formats.describe_content(data)}; {formats.EXPECTED_FORMATS}: export the image and upload that."
    )


def _read_dicom(data: bytes, any_modality: bool) -> Radiograph:
    # pydicom and its decoders take half a second to import, which other formats do not need.
    from fracture_core.imaging.dicom import read_dicom

    return read_dicom(data, any_modality)


def _read_file(path: Path) -> bytes:
    if path.exists() and not path.is_file() and not path.is_dir():
        # Reading from a pipe or a device could block forever.
        raise ImageReadError(
            f"{path} is a device or a pipe, not a file; {formats.EXPECTED_FORMATS}: enter the path of a file."
        )
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageReadError(
            f"There is no file at {path}; {formats.EXPECTED_FORMATS}: check the path."
        ) from error
    except IsADirectoryError as error:
        raise ImageReadError(
            f"{path} is a folder; {formats.EXPECTED_FORMATS}: enter the path of a file."
        ) from error
    except OSError as error:
        problem = "is a folder" if path.is_dir() else f"cannot be opened ({error.strerror})"
        raise ImageReadError(
            f"{path} {problem}; {formats.EXPECTED_FORMATS}: check the file and its permissions."
        ) from error
