"""Reading of PNG, JPEG, TIFF, BMP and WebP images with Pillow.

The steps in order: open the file, check the size and the number of images, decode, apply the EXIF orientation, and
scale to grey levels in 0–1. Colour profiles are not applied, because they describe displays and not radiographs.
"""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from fracture_core.errors import ImageReadError
from fracture_core.imaging import colour, rescale
from fracture_core.imaging.codestream import Codec, JpegScans, check_scans, count_scans, read_header
from fracture_core.imaging.image_size import MAX_MEGAPIXELS, check_image_size, check_memory
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.tiff import MAX_PAGES, read_directories
from fracture_core.imaging.wide_samples import has_wide_samples, load_grey, open_grey_alpha

# Exceptions of Pillow on damaged files; `SyntaxError` means a damaged PNG or TIFF header.
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError,
    AssertionError, RuntimeError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip

# The transposition that reverses each EXIF orientation (Exif 2.32, tag 0x0112); 1 needs none.
_ORIENTATION = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_SUBFILE_TYPE, _PHOTOMETRIC = 254, 262  # TIFF 6.0 tags

# Largest accepted number of chunks in a PNG file. Programs write at least a few kilobytes into each.
_MAX_CHUNKS = 100_000

# Pixels converted at a time, and the side above which colour is measured on a sample of the pixels.
_BLOCK, _REDUCED = 1 << 20, 2048

_END_OF_IMAGE = b"\xff\xd9"
# Values of pixels after the end of a truncated file: libjpeg sets all coefficients to zero, Pillow then inverts CMYK.
_UNDECODED = {"CMYK": (127, 128)}
_UNDECODED_GREY = (128,)
_BLOCK_LINES = 16  # height of a block in a colour JPEG


def read_raster(data: bytes, name: str) -> Radiograph:
    """Read an image file.

    Args:
        data: the file.
        name: its format, as returned by `formats.raster_format`.

    Returns:
        The radiograph. Alpha is composited on black. Integers with more than 8 bits are scaled by the smallest of 8,
        10, 12, 14 and 16 bits that contains the brightest pixel. Floats, negative numbers and 32-bit numbers are
        scaled by their own minimum and maximum.

    Raises:
        ImageReadError: the file is damaged, too large, contains several images, or has an unsupported pixel format.
    """
    scans = _check_structure(data, name)
    opened = _open(data, name)
    if has_wide_samples(opened):
        del opened
        return _read_wide(data, name)
    image, lines_missing = _load(data, name, opened, len(data) if scans is None else scans.usable)
    del opened  # otherwise a transposed image would be in memory twice
    truncated = lines_missing is not None
    warnings: tuple[str, ...] = (
        (_truncation_warning(lines_missing / image.height),) if lines_missing is not None else ()
    )
    if scans is not None and not scans.is_complete:
        truncated, warnings = True, (_lost_detail_warning(lines_missing or 0, image.height),)
    height = image.height
    # Pillow inverts "white is zero" only for 8 bits and fewer.
    inverted = image.mode[0] in "IF" and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    try:
        image = _apply_orientation(image)
        pixels, share = _grey_levels(image, name)
    except _DAMAGED as error:  # a damaged palette or transparency is detected only on conversion
        raise _damaged(name) from error
    if inverted:
        np.subtract(1, pixels, out=pixels)
    missing = (lines_missing or 0) / height
    return Radiograph(pixels, name, colour=share, truncated=truncated, warnings=warnings, missing=missing)


def _read_wide(data: bytes, name: str) -> Radiograph:
    """Read 16-bit colour, or 16-bit grey with alpha, without losing the lower byte."""
    image, twin = _open(data, name), _open(data, name)
    try:
        grey, sample = load_grey(image, twin)
        orientation = _orientation(image)  # may decode a PNG, and must therefore come last
    except _DAMAGED as error:
        raise _damaged(name) from error
    del image, twin
    full = rescale.full_scale_value(int(max(grey.max(), sample.max())))
    share = colour.measure_coloured_share(
        np.rint(rescale.rescale_linear(sample, 0, full) * 255).astype(np.uint8)
    )
    pixels = rescale.rescale_linear(grey, 0, full)
    return Radiograph(_transpose_pixels(pixels, orientation), name, colour=share)


def _check_structure(data: bytes, name: str) -> JpegScans | None:
    """Reject a file that would take far more time or memory to open than an ordinary image.

    Returns:
        The scans of a progressive JPEG; None for other files.

    Raises:
        ImageReadError: the file has too many scans, pages, tags or chunks, or an unsupported encoding.
    """
    if name == "JPEG":
        try:
            header, scans = read_header(data), count_scans(data)
        except ValueError as error:
            raise _damaged(name) from error
        if header is None:
            raise _damaged(name)
        if header.codec is not Codec.JPEG or header.bits != 8:
            encoding = f"{header.bits}-bit JPEG" if header.codec is Codec.JPEG else header.codec.value
            raise ImageReadError(
                f"The JPEG file is compressed as {encoding}, which cannot be decoded here. Export it as an ordinary "
                "8-bit JPEG or as PNG."
            )
        check_image_size(header.columns, header.rows)
        check_scans(data, header.rows * header.columns, header.samples)
        return scans if header.progressive else None
    if name == "TIFF":
        directories = read_directories(data)
        if directories is None:
            raise _damaged(name)
        if directories.pages > MAX_PAGES:
            raise ImageReadError(
                f"The TIFF file contains more than {MAX_PAGES} pages. Export each page as a separate file."
            )
        if directories.is_bomb:
            raise ImageReadError(
                "The TIFF file contains far more tags than an ordinary image. Export it again."
            )
        if directories.is_planar_16:
            raise ImageReadError(
                "The TIFF file stores 16-bit colours in separate planes, which cannot be read here. Export it as "
                "16-bit grey."
            )
    if name == "PNG" and _has_too_many_chunks(data):
        raise ImageReadError("The PNG file contains far more chunks than an ordinary image. Export it again.")
    return None


def _has_too_many_chunks(data: bytes) -> bool:
    position = 8
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(data):
            return False
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return True


def _load(data: bytes, name: str, image: ImageFile.ImageFile, usable: int) -> tuple[Image.Image, int | None]:
    """Decode an opened image; return also the number of lines missing at its end, None for a complete file.

    Only the first `usable` bytes of a truncated file are decoded.
    """
    try:
        image.load()
    except _DAMAGED as error:
        if name != "JPEG":
            raise _damaged(name) from error
    else:
        # Some programs add an end marker to a truncated JPEG. Real lines are hardly ever uniformly mid-grey.
        missing = _missing_lines(image) if name == "JPEG" else 0
        if not _BLOCK_LINES <= missing < image.height:
            return image, None
        return _blacken(image, missing), missing
    # A truncated JPEG can be decoded up to its end if an end marker is added. (Pillow's LOAD_TRUNCATED_IMAGES has the
    # same effect, but for all threads.)
    image = _open(data[:usable] + _END_OF_IMAGE, name)
    try:
        image.load()
    except _DAMAGED as error:
        raise _damaged(name) from error
    missing = _missing_lines(image)
    if missing == image.height:
        raise _damaged(name)
    return _blacken(image, missing), missing


def _blacken(image: Image.Image, lines: int) -> Image.Image:
    """Replace the last lines of an image by black."""
    if lines:
        image.paste(Image.new("L", (image.width, lines)).convert(image.mode), (0, image.height - lines))
    return image


def _open(data: bytes, name: str) -> ImageFile.ImageFile:
    # Of a JPEG with a second image, a stereo view or a preview (MPO), the first image is read.
    formats = ["JPEG", "MPO"] if name == "JPEG" else [name.upper()]
    directories = read_directories(data) if name == "TIFF" else None
    try:
        if directories is not None and directories.is_grey_alpha_16:
            image: ImageFile.ImageFile = open_grey_alpha(data)
        else:
            image = Image.open(io.BytesIO(data), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageReadError(
            f"The {name} image is far too large: at most {MAX_MEGAPIXELS} megapixels are supported. "
            "Export a smaller image."
        ) from error
    except _DAMAGED as error:
        pixel_format = directories.describe_pixels() if directories is not None else ""
        if pixel_format and "unknown pixel mode" in _messages(error, data):
            raise ImageReadError(
                f"The TIFF file contains {pixel_format}, which cannot be read here. Export it as 16-bit grey."
            ) from error
        raise _damaged(name) from error
    check_image_size(image.width, image.height)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _choose_page(image)
    elif image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise ImageReadError(
            f"The {name} file is an animation of {getattr(image, 'n_frames', 1)} frames. Export a single image."
        )
    try:
        bytes_per_pixel = _bytes_per_pixel(image, name)
    except _DAMAGED as error:
        raise _damaged(name) from error
    check_memory(image.width, image.height, bytes_per_pixel)
    return image


def _bytes_per_pixel(image: ImageFile.ImageFile, name: str) -> float:
    """Peak memory per pixel in bytes: the image of Pillow, the buffer of the decoder and the grey levels."""
    samples = len(image.getbands())
    stored = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}.get(image.mode, 4)
    if has_wide_samples(image):
        return 12.5
    grey = 8 if image.mode[0] == "I" or image.mode == "F" else 4
    # The coefficients of a progressive JPEG, and the complete image in the decoders of WebP and libtiff.
    buffer = {"JPEG": 2 * samples if image.info.get("progressive") else 0, "WebP": 12, "TIFF": stored}.get(
        name, 0
    )
    return stored + max(grey, buffer) + 0.5


def _messages(error: BaseException, data: bytes) -> str:
    """The message of Pillow's TIFF reader, which `Image.open` replaces by another one."""
    try:
        TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    except _DAMAGED as cause:
        return str(cause)
    return str(error)


def _choose_page(image: TiffImagePlugin.TiffImageFile) -> None:
    """Select the full-size page of a TIFF file; previews are ignored."""
    sizes: list[int] = []
    try:
        for page in range(MAX_PAGES + 1):
            try:
                image.seek(page)
            except EOFError:
                break
            reduced = bool(int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & 1)
            sizes.append(0 if reduced else image.width * image.height)
        largest = int(np.argmax(sizes))
        image.seek(largest)
    except _DAMAGED as error:
        raise _damaged("TIFF") from error
    full = sum(size * 4 > sizes[largest] for size in sizes)
    if full > 1:
        raise ImageReadError(f"The TIFF file contains {full} pages. Export each page as a separate file.")
    check_image_size(image.width, image.height)


def _missing_lines(image: Image.Image) -> int:
    """Number of lines at the end of a truncated JPEG that were not decoded."""
    undecoded = _UNDECODED.get(image.mode, _UNDECODED_GREY)
    width, height = image.size
    rows = max(1, _BLOCK // width)
    for bottom in range(height, 0, -rows):
        top = max(0, bottom - rows)
        values = np.asarray(image.crop((0, top, width, bottom))).reshape(bottom - top, -1)
        decoded = np.flatnonzero(~np.isin(values, undecoded).all(axis=1))
        if decoded.size:
            return height - (top + int(decoded[-1]) + 1)
    return height


def _truncation_warning(share: float) -> str:
    if share >= 0.005:
        return f"The file is truncated: the last {share:.0%} of its lines are missing. Export it again if you can."
    return "The file is truncated: its last lines may be damaged. Export it again if you can."


def _lost_detail_warning(missing: int, height: int) -> str:
    """Warning for a truncated progressive JPEG, whose scans refine the whole image."""
    also = (
        f", and the last {missing / height:.0%} of its lines are missing" if missing / height >= 0.005 else ""
    )
    return (
        "The file is truncated. It is a progressive JPEG, so the whole image lacks fine detail such as fracture "
        f"lines{also}. Export it again."
    )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1–8; 1 if it is absent or unreadable."""
    block = image.info.get("exif", b"")
    if isinstance(block, bytes) and block:
        directories = read_directories(block.removeprefix(b"Exif\0\0"))
        if directories is None or directories.is_bomb:
            return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:
        return 1
    return int(value) if value in _TRANSPOSITIONS else 1


def _apply_orientation(image: Image.Image) -> Image.Image:
    transposition = _TRANSPOSITIONS.get(_orientation(image))
    return image if transposition is None else image.transpose(transposition)


def _transpose_pixels(pixels: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Apply the orientation to grey levels (rows, columns)."""
    if orientation == 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).transpose(_TRANSPOSITIONS[orientation]))


def _grey_levels(image: Image.Image, name: str) -> tuple[NDArray[np.float32], float]:
    """Grey levels in 0–1, float32, and the share of coloured pixels."""
    if image.mode[0] in "IF":  # I;16, I;16B, I, F
        return _scale_numbers(image), 0.0
    if image.mode in ("1", "L") and not image.has_transparency_data:
        return _unit(np.asarray(image if image.mode == "L" else image.convert("L"))), 0.0
    mode = "RGBA" if image.has_transparency_data else "RGB"
    try:
        return _grey_of_colour(image, mode)
    except ValueError as error:
        raise ImageReadError(
            f"The {name} file contains {image.mode} pixels, which are neither grey nor RGB. Export it as grey PNG."
        ) from error


def _grey_of_colour(image: Image.Image, mode: str) -> tuple[NDArray[np.float32], float]:
    """Grey levels of an image converted to RGB, or to RGBA on black, and the share of coloured pixels."""
    width, height = image.size
    pixels = np.empty((height, width), np.float32)
    # Blocks of rows, and a sample of every n-th pixel for the colour, keep the memory low.
    step = max(1, max(width, height) // _REDUCED)
    rows = max(step, _BLOCK // width // step * step)
    sample = []
    for top in range(0, height, rows):
        block = _on_black(image.crop((0, top, width, min(height, top + rows))).convert(mode))
        pixels[top : top + rows] = _unit(colour.to_grey(block))
        sample.append(block[::step, ::step].copy())  # a view would keep the block
    return pixels, colour.measure_coloured_share(np.concatenate(sample))


def _on_black(image: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(image)
    if values.shape[-1] == 3:
        return values
    wide = values.astype(np.uint16)
    return ((wide[..., :3] * wide[..., 3:] + 127) // 255).astype(np.uint8)


def _unit(values: NDArray[np.integer]) -> NDArray[np.float32]:
    return values.astype(np.float32) / np.float32(255)


def _scale_numbers(image: Image.Image) -> NDArray[np.float32]:
    values: NDArray[Any] = np.asarray(image)
    finite = np.isfinite(values) if values.dtype.kind == "f" else np.True_
    if not finite.all():
        values = np.where(finite, values, values[finite].min() if finite.any() else 0)
    low, high = float(values.min()), float(values.max())
    if image.mode[0] == "I" and low >= 0 and high < 2 ** rescale.DEPTHS[-1]:
        low, high = 0.0, float(rescale.full_scale_value(high))
    return rescale.rescale_linear(values, low, high)


def _damaged(name: str) -> ImageReadError:
    return ImageReadError(f"The {name} file is damaged or incomplete. Export the image again.")
