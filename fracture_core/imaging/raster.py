"""Pictures (PNG, JPEG, TIFF, BMP, WebP) to a `Radiograph`, through Pillow.

The steps, in order: open, check the size and the number of images, decode, turn as EXIF says,
scale to grey levels in 0–1. Colour profiles are not applied: they describe screens, not films.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from fracture_core.errors import ImageReadError
from fracture_core.imaging import colour, rescale
from fracture_core.imaging.codestream import Codec, JpegScans, check_scans, count_scans, read_header
from fracture_core.imaging.image_size import MAX_MEGAPIXELS, check_image_size, check_memory
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.tiff import MAX_PAGES, read_directories
from fracture_core.imaging.wide_samples import has_wide_samples, load_grey, open_grey_alpha

#: What Pillow raises on damaged files. `SyntaxError` is its word for a broken PNG or TIFF header.
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError,
    AssertionError, RuntimeError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
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

#: Most chunks of a PNG file; writers put at least a few kilobytes into each.
_MAX_CHUNKS = 100_000

#: Pixels converted at a time, and the side above which colour is measured on fewer pixels.
_BLOCK, _REDUCED = 1 << 20, 2048

_END_OF_IMAGE = b"\xff\xd9"
#: What libjpeg paints where a file ends early, every coefficient zero; Pillow inverts CMYK after.
_UNDECODED = {"CMYK": (127, 128)}
_UNDECODED_GREY = (128,)
_BLOCK_LINES = 16  # the height of a block of a colour JPEG


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
    scans = _check_structure(data, name)
    opened = _open(data, name)
    if has_wide_samples(opened):
        del opened
        return _read_wide(data, name)
    image, lines_missing = _load(data, name, opened, len(data) if scans is None else scans.usable)
    del opened  # a turned image must not be held twice
    truncated = lines_missing is not None
    warnings: tuple[str, ...] = (
        (_truncation(lines_missing / image.height),) if lines_missing is not None else ()
    )
    if scans is not None and not scans.is_complete:
        truncated, warnings = True, (_lost_detail(lines_missing or 0, image.height),)
    # Pillow inverts "white is zero" for 8 bits and fewer only.
    inverted = image.mode[0] in "IF" and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    try:
        image = _turn(image)
        pixels, share = _grey_levels(image, name)
    except _DAMAGED as error:  # a palette or transparency that is broken shows only when it is used
        raise _damaged(name) from error
    if inverted:
        np.subtract(1, pixels, out=pixels)
    return Radiograph(pixels, name, colour=share, truncated=truncated, warnings=warnings)


def _read_wide(data: bytes, name: str) -> Radiograph:
    """Reads 16-bit colour, or grey with alpha, without dropping the lower byte."""
    image, twin = _open(data, name), _open(data, name)
    try:
        grey, sample = load_grey(image, twin)
        orientation = _orientation(image)  # to read it may decode a PNG, so it comes after
    except _DAMAGED as error:
        raise _damaged(name) from error
    del image, twin
    full = rescale.full_scale_value(int(max(grey.max(), sample.max())))
    share = colour.measure_coloured_share(
        np.rint(rescale.rescale_linear(sample, 0, full) * 255).astype(np.uint8)
    )
    pixels = rescale.rescale_linear(grey, 0, full)
    return Radiograph(_turn_array(pixels, orientation), name, colour=share)


def _check_structure(data: bytes, name: str) -> JpegScans | None:
    """Refuses a file that would cost far more to open than an image does.

    Returns:
        The scans of a progressive JPEG; None for other files.

    Raises:
        ImageReadError: too many scans, pages, tags or chunks.
    """
    if name == "JPEG":
        try:
            header, scans = read_header(data), count_scans(data)
        except ValueError as error:
            raise _damaged(name) from error
        if header is None:
            raise _damaged(name)
        if header.codec is not Codec.JPEG or header.bits != 8:
            kind = f"{header.bits}-bit JPEG" if header.codec is Codec.JPEG else header.codec.value
            raise ImageReadError(
                f"The JPEG file is compressed as {kind}, which cannot be decoded here; expected an ordinary 8-bit "
                "JPEG: export it as PNG."
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
                f"The TIFF file holds more than {MAX_PAGES} pages; expected one radiograph: "
                "export each page on its own."
            )
        if directories.is_bomb:
            raise ImageReadError(
                "The TIFF file holds far more tags than an image has; expected one radiograph: export it again."
            )
        if directories.is_planar_16:
            raise ImageReadError(
                "The TIFF file stores each colour of 16 bits on its own, which cannot be read here; expected grey or "
                "interleaved RGB: export it as 16-bit grey."
            )
    if name == "PNG" and _has_too_many_chunks(data):
        raise ImageReadError(
            "The PNG file holds far more chunks than an image has; expected one radiograph: export it again."
        )
    return None


def _has_too_many_chunks(data: bytes) -> bool:
    position = 8
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(data):
            return False
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return True


def _load(data: bytes, name: str, image: ImageFile.ImageFile, usable: int) -> tuple[Image.Image, int | None]:
    """Decodes an opened image; also the lines missing at the end, None for a whole file.

    Only the first `usable` bytes of a file that breaks off are decoded.
    """
    try:
        image.load()
    except _DAMAGED as error:
        if name != "JPEG":
            raise _damaged(name) from error
    else:
        # Some programs put an end to a JPEG that broke off. Real lines are hardly ever all mid-grey.
        missing = _missing_lines(image) if name == "JPEG" else 0
        if not _BLOCK_LINES <= missing < image.height:
            return image, None
        return _blacken(image, missing), missing
    # A JPEG that breaks off decodes as far as it goes once it has an end.
    # (Pillow's LOAD_TRUNCATED_IMAGES would do so too, but for all threads.)
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
    """The image with its last lines black instead of grey."""
    if lines:
        image.paste(Image.new("L", (image.width, lines)).convert(image.mode), (0, image.height - lines))
    return image


def _open(data: bytes, name: str) -> ImageFile.ImageFile:
    # A JPEG with a second picture for a stereo view or a preview (MPO) is read as its first.
    formats = ["JPEG", "MPO"] if name == "JPEG" else [name.upper()]
    directories = read_directories(data) if name == "TIFF" else None
    try:
        if directories is not None and directories.is_grey_alpha_16:
            image: ImageFile.ImageFile = open_grey_alpha(data)
        else:
            image = Image.open(io.BytesIO(data), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageReadError(
            f"The {name} image is far too large; expected at most {MAX_MEGAPIXELS} megapixels: "
            "export it smaller."
        ) from error
    except _DAMAGED as error:
        kind = directories.describe_pixels() if directories is not None else ""
        if kind and "unknown pixel mode" in _messages(error, data):
            raise ImageReadError(
                f"The TIFF file holds {kind}, which cannot be read here; expected 8-bit or 16-bit grey or RGB: "
                "export it as 16-bit grey."
            ) from error
        raise _damaged(name) from error
    check_image_size(image.width, image.height)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _choose_page(image)
    elif image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise ImageReadError(
            f"The {name} file is an animation of {getattr(image, 'n_frames', 1)} frames; "
            "expected one radiograph: export a single image."
        )
    try:
        bytes_per_pixel = _bytes_per_pixel(image, name)
    except _DAMAGED as error:
        raise _damaged(name) from error
    check_memory(image.width, image.height, bytes_per_pixel)
    return image


def _bytes_per_pixel(image: ImageFile.ImageFile, name: str) -> float:
    """The most bytes held for one pixel: Pillow's image, the decoder's buffer and the grey levels."""
    samples = len(image.getbands())
    stored = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}.get(image.mode, 4)
    if has_wide_samples(image):
        return 12.5
    grey = 8 if image.mode[0] == "I" or image.mode == "F" else 4
    # The coefficients of a progressive JPEG, and the whole picture as WebP's and libtiff's decoders hold it.
    buffer = {"JPEG": 2 * samples if image.info.get("progressive") else 0, "WebP": 12, "TIFF": stored}.get(
        name, 0
    )
    return stored + max(grey, buffer) + 0.5


def _messages(error: BaseException, data: bytes) -> str:
    """The message of Pillow's TIFF reader, which `Image.open` replaces by its own."""
    try:
        TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    except _DAMAGED as cause:
        return str(cause)
    return str(error)


def _choose_page(image: TiffImagePlugin.TiffImageFile) -> None:
    """Seeks the one full-size page of a TIFF file; previews beside it do not count."""
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
        raise ImageReadError(
            f"The TIFF file holds {full} pages; expected one radiograph: export each page on its own."
        )
    check_image_size(image.width, image.height)


def _missing_lines(image: Image.Image) -> int:
    """Lines at the end of a truncated JPEG that were never decoded."""
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


def _truncation(share: float) -> str:
    missing = f"the last {share:.0%} of its lines are missing"
    lost = missing if share >= 0.005 else "its last lines may be damaged"
    return f"The file is truncated: {lost}; export it again if you can."


def _lost_detail(missing: int, height: int) -> str:
    """The warning for a progressive JPEG that breaks off, whose scans refine the whole image."""
    also = (
        f", and the last {missing / height:.0%} of its lines are missing" if missing / height >= 0.005 else ""
    )
    return (
        "The file is truncated: it is a progressive JPEG, so the whole image lacks its fine detail, such as fracture "
        f"lines{also}; export it again."
    )


def _orientation(image: Image.Image) -> int:
    """The Exif orientation, 1–8; 1 where it is absent or unreadable."""
    block = image.info.get("exif", b"")
    if isinstance(block, bytes) and block:
        directories = read_directories(block.removeprefix(b"Exif\0\0"))
        if directories is None or directories.is_bomb:
            return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:
        return 1
    return value if value in _TURNS else 1


def _turn(image: Image.Image) -> Image.Image:
    turn = _TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _turn_array(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What `_turn` does, for grey levels (rows, columns)."""
    if orientation == 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).transpose(_TURNS[orientation]))


def _grey_levels(image: Image.Image, name: str) -> tuple[np.ndarray, float]:
    """float32 grey levels in 0–1, and the share of coloured pixels."""
    if image.mode[0] in "IF":  # I;16, I;16B, I, F
        return _scale_numbers(image), 0.0
    if image.mode in ("1", "L") and not image.has_transparency_data:
        return _unit(np.asarray(image if image.mode == "L" else image.convert("L"))), 0.0
    mode = "RGBA" if image.has_transparency_data else "RGB"
    try:
        return _grey_of_colour(image, mode)
    except ValueError as error:
        raise ImageReadError(
            f"The {name} file holds {image.mode} pixels; expected grey or RGB: export it as grey PNG."
        ) from error


def _grey_of_colour(image: Image.Image, mode: str) -> tuple[np.ndarray, float]:
    """Grey levels of an image that converts to RGB, or to RGBA on black, and the share of coloured pixels."""
    width, height = image.size
    pixels = np.empty((height, width), np.float32)
    # In blocks of rows, and the colour on every n-th pixel of a large image: both keep the memory low.
    step = max(1, max(width, height) // _REDUCED)
    rows = max(step, _BLOCK // width // step * step)
    sample = []
    for top in range(0, height, rows):
        block = _on_black(image.crop((0, top, width, min(height, top + rows))).convert(mode))
        pixels[top : top + rows] = _unit(colour.to_grey(block))
        sample.append(block[::step, ::step].copy())  # a view would keep the block
    return pixels, colour.measure_coloured_share(np.concatenate(sample))


def _on_black(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    if values.shape[-1] == 3:
        return values
    wide = values.astype(np.uint16)
    return ((wide[..., :3] * wide[..., 3:] + 127) // 255).astype(np.uint8)


def _unit(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) / np.float32(255)


def _scale_numbers(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    finite = np.isfinite(values) if values.dtype.kind == "f" else np.True_
    if not finite.all():
        values = np.where(finite, values, values[finite].min() if finite.any() else 0)
    low, high = float(values.min()), float(values.max())
    if image.mode[0] == "I" and low >= 0 and high < 2 ** rescale.DEPTHS[-1]:
        low, high = 0.0, float(rescale.full_scale_value(high))
    return rescale.rescale_linear(values, low, high)


def _damaged(name: str) -> ImageReadError:
    return ImageReadError(
        f"The {name} file is damaged or incomplete; expected one that opens in an image viewer: "
        "export the image again."
    )
