"""Pictures (PNG, JPEG, TIFF, BMP, WebP) to a `Radiograph`, through Pillow.

The steps, in order: open, check the size and the number of images, decode, turn as EXIF says,
scale to grey levels in 0–1. Colour profiles are not applied: they describe screens, not films.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, TiffImagePlugin

from fracture_core.errors import ImageReadError
from fracture_core.imaging import colour, levels
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.size import MAX_MEGAPIXELS, check_size

#: What Pillow raises on damaged files. `SyntaxError` is its word for a broken PNG or TIFF header.
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError,
    RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip

#: EXIF orientation to the turn that undoes it (Exif 2.32, tag 0x0112); 1 needs none.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_SUBFILE_TYPE, _PHOTOMETRIC = 254, 262  # TIFF 6.0 tags

_END_OF_IMAGE = b"\xff\xd9"
#: What libjpeg paints where a file ends early, every coefficient zero; Pillow inverts CMYK after.
_UNDECODED = {"CMYK": (127, 128)}
_UNDECODED_GREY = (128,)


def read_raster(data: bytes, name: str) -> Radiograph:
    """Reads a picture file.

    Args:
        data: the file.
        name: its format as `formats.raster_format` found it.

    Returns:
        The image. Alpha is composited on black. Whole numbers of more than 8 bits are scaled by
        the smallest of 8, 10, 12, 14 and 16 bits that holds the brightest pixel; floats, negative
        and 32-bit numbers by their own minimum and maximum.

    Raises:
        ImageReadError: damaged, too large, more than one image, or pixels of an unknown kind.
    """
    image, lines_missing = _load(data, name)
    warnings = () if lines_missing is None else (_truncation(lines_missing / image.height),)
    # Pillow inverts "white is zero" for 8 bits and fewer only.
    inverted = image.mode[0] in "IF" and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    image = _turn(image)
    pixels, share = _grey_levels(image, name)
    if inverted:
        pixels = 1 - pixels
    return Radiograph(pixels, name, colour=share, truncated=lines_missing is not None, warnings=warnings)


def _load(data: bytes, name: str) -> tuple[Image.Image, int | None]:
    """Opens, checks and decodes; also the lines missing at the end, None for a whole file."""
    image = _open(data, name)
    try:
        image.load()
        return image, None
    except _DAMAGED as error:
        if name != "JPEG":
            raise _damaged(name) from error
    # A JPEG that breaks off decodes as far as it goes once it has an end.
    # (Pillow's LOAD_TRUNCATED_IMAGES would do so too, but for all threads.)
    image = _open(data + _END_OF_IMAGE, name)
    try:
        image.load()
    except _DAMAGED as error:
        raise _damaged(name) from error
    missing = _missing_lines(image)
    if missing == image.height:
        raise _damaged(name)
    if missing:
        black = Image.new("L", (image.width, missing)).convert(image.mode)
        image.paste(black, (0, image.height - missing))
    return image, missing


def _open(data: bytes, name: str) -> Image.Image:
    # A JPEG with a second picture for a stereo view or a preview (MPO) is read as its first.
    formats = ["JPEG", "MPO"] if name == "JPEG" else [name.upper()]
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageReadError(
            f"The {name} image is far too large; expected at most {MAX_MEGAPIXELS} megapixels: "
            "export it smaller."
        ) from error
    except _DAMAGED as error:
        raise _damaged(name) from error
    check_size(image.width, image.height)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _choose_page(image)
    elif image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise ImageReadError(
            f"The {name} file is an animation of {getattr(image, 'n_frames', 1)} frames; "
            "expected one radiograph: export a single image."
        )
    return image


def _choose_page(image: TiffImagePlugin.TiffImageFile) -> None:
    """Seeks the one full-size page of a TIFF file; previews beside it do not count."""
    try:
        sizes = []
        for page in range(image.n_frames):
            image.seek(page)
            reduced = bool(int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & 1)
            sizes.append(0 if reduced else image.width * image.height)
        largest = int(np.argmax(sizes))
        image.seek(largest)
    except _DAMAGED as error:
        raise _damaged("TIFF") from error
    full = sum(size * 4 > sizes[largest] for size in sizes)
    if full > 1:
        raise ImageReadError(
            f"The TIFF file holds {full} pages; expected one radiograph: export each page on its own."
        )
    check_size(image.width, image.height)


def _missing_lines(image: Image.Image) -> int:
    """Lines at the end of a truncated JPEG that were never decoded."""
    values = np.asarray(image).reshape(image.height, -1)
    undecoded = np.isin(values, _UNDECODED.get(image.mode, _UNDECODED_GREY)).all(axis=1)
    decoded = np.flatnonzero(~undecoded)
    return image.height - (int(decoded[-1]) + 1 if decoded.size else 0)


def _truncation(share: float) -> str:
    missing = f"the last {share:.0%} of its lines are missing"
    lost = missing if share >= 0.005 else "its last lines may be damaged"
    return f"The file is truncated: {lost}; export it again if you can."


def _turn(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:
        return image  # unreadable EXIF says nothing about the orientation
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _grey_levels(image: Image.Image, name: str) -> tuple[np.ndarray, float]:
    """float32 grey levels in 0–1, and the share of coloured pixels."""
    if image.mode[0] in "IF":  # I;16, I;16B, I, F
        return _scale_numbers(image), 0.0
    if image.mode in ("1", "L") and not image.has_transparency_data:
        return _unit(np.asarray(image.convert("L"))), 0.0
    try:
        rgb = _on_black(image.convert("RGBA")) if image.has_transparency_data else image.convert("RGB")
    except ValueError as error:
        raise ImageReadError(
            f"The {name} file holds {image.mode} pixels; expected grey or RGB: export it as grey PNG."
        ) from error
    values = np.asarray(rgb)
    return _unit(colour.grey(values)), colour.coloured_share(values)


def _on_black(rgba: Image.Image) -> np.ndarray:
    values = np.asarray(rgba).astype(np.uint16)
    return ((values[..., :3] * values[..., 3:] + 127) // 255).astype(np.uint8)


def _unit(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) / np.float32(255)


def _scale_numbers(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    finite = np.isfinite(values)
    if not finite.all():
        values = np.where(finite, values, values[finite].min() if finite.any() else 0)
    low, high = float(values.min()), float(values.max())
    if image.mode[0] == "I" and low >= 0 and high < 2 ** levels.DEPTHS[-1]:
        low, high = 0.0, float(levels.full_scale(high))
    return levels.stretch(values, low, high)


def _damaged(name: str) -> ImageReadError:
    return ImageReadError(
        f"The {name} file is damaged or incomplete; expected one that opens in an image viewer: "
        "export the image again."
    )
