"""Decoding of 16-bit colour images and 16-bit grey images with alpha.

Pillow keeps only the upper byte of such samples, so that a 12-bit radiograph would be nearly black. Its decoders select
one of the two bytes by the raw mode. Decoding once with each byte order therefore gives both bytes.
"""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile, TiffImagePlugin

from fracture_core.imaging import colour

_Box = tuple[int, int, int, int]

# Rows are converted in blocks of about this many pixels.
_BLOCK = 1 << 20

_SUFFIXES = {";16B": ";16L", ";16L": ";16B", ";16N": ";16B"}
_GREY_ALPHA = "LA;16B"

_PHOTOMETRIC, _BITS, _SAMPLES, _EXTRA = 262, 258, 277, 338


class GreyAlphaTiff(TiffImagePlugin.TiffImageFile):
    """A TIFF file with 16-bit grey and alpha, which Pillow does not support.

    It is opened as 8-bit RGBA, whose four bytes are the two bytes of grey and the two of alpha.
    """

    def _setup(self) -> None:
        if self.tag_v2.get(_BITS) == (16, 16):
            self.tag_v2[_PHOTOMETRIC], self.tag_v2[_SAMPLES] = 2, 4
            self.tag_v2[_BITS], self.tag_v2[_EXTRA] = (8, 8, 8, 8), (2,)
        super()._setup()


def has_wide_samples(image: ImageFile.ImageFile) -> bool:
    """Whether an opened but not loaded image has 16-bit colour or alpha samples."""
    if isinstance(image, GreyAlphaTiff):
        return True
    modes = {_raw_mode(tile) for tile in image.tile}
    all_wide = all(mode == _GREY_ALPHA or mode[-4:] in _SUFFIXES for mode in modes)
    return bool(modes) and all_wide and image.mode in ("RGB", "RGBA")


def load_grey(
    image: ImageFile.ImageFile, twin: ImageFile.ImageFile
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Decode an image with 16-bit samples.

    Args:
        image: the opened image, not loaded.
        twin: the same file opened again.

    Returns:
        Grey values, uint16 (rows, columns), with alpha composited on black; and a reduced RGB image, uint16
        (rows, columns, 3), for measuring the share of coloured pixels.
    """
    modes = {_raw_mode(tile) for tile in image.tile}
    if isinstance(image, GreyAlphaTiff) or modes == {_GREY_ALPHA}:
        little = isinstance(image, GreyAlphaTiff) and _is_little(image)
        _set_modes(image, lambda mode: "RGBA")
        image.load()
        return _convert_blocks(image, lambda box: _grey_alpha(np.asarray(image.crop(box)), little))
    # Pillow divides colours by a premultiplied alpha. Compositing on black would reverse that.
    premultiplied = any(mode.startswith("RGBa") for mode in modes)
    _set_modes(image, lambda mode: mode.replace("RGBa", "RGBA"))
    _set_modes(twin, lambda mode: _other_order(mode.replace("RGBa", "RGBA")))
    image.load()
    twin.load()

    def combine(box: _Box) -> NDArray[np.uint16]:
        high = np.asarray(image.crop(box)).astype(np.uint16)
        return np.asarray(high << 8 | np.asarray(twin.crop(box)), np.uint16)

    return _convert_blocks(image, lambda box: _on_black(combine(box), premultiplied))


def _convert_blocks(
    image: ImageFile.ImageFile, convert: Callable[[_Box], NDArray[np.uint16]]
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Convert blocks of rows to RGB and then to grey; return also every n-th pixel in RGB."""
    width, height = image.size
    grey = np.empty((height, width), np.uint16)
    step = max(1, max(width, height) // 512)
    sample = []
    rows = max(step, _BLOCK // width // step * step)
    for top in range(0, height, rows):
        block = convert((0, top, width, min(height, top + rows)))
        grey[top : top + rows] = colour.to_grey(block)
        sample.append(block[::step, ::step].copy())  # a view would keep the block
    return grey, np.concatenate(sample)


def _grey_alpha(values: NDArray[np.uint8], little: bool) -> NDArray[np.uint16]:
    pairs = np.ascontiguousarray(values).view("<u2" if little else ">u2").astype(np.uint32)
    grey = ((pairs[..., 0] * pairs[..., 1] + 32767) // 65535).astype(np.uint16)
    return np.repeat(grey[..., None], 3, axis=-1)


def _on_black(values: NDArray[np.uint16], premultiplied: bool) -> NDArray[np.uint16]:
    if values.shape[-1] < 4 or premultiplied:
        return values[..., :3]
    wide = values.astype(np.uint32)
    return ((wide[..., :3] * wide[..., 3:] + 32767) // 65535).astype(np.uint16)


def _raw_mode(tile: Any) -> str:
    args = tile.args
    return str(args if isinstance(args, str) else args[0] if args else "")


def _set_modes(image: ImageFile.ImageFile, change: Callable[[str], str]) -> None:
    """Change the raw mode with which the decoders of an image unpack its bytes."""
    tiles = []
    for tile in image.tile:
        mode, args = change(_raw_mode(tile)), tile.args
        tiles.append(tile._replace(args=(mode, *args[1:]) if isinstance(args, tuple) else mode))
    image.tile = tiles


def _other_order(mode: str) -> str:
    return mode[:-4] + _SUFFIXES[mode[-4:]]


def _is_little(image: GreyAlphaTiff) -> bool:
    # libtiff returns values in native byte order (little endian), the raw decoder in that of the file.
    return image.tile[0].codec_name == "libtiff" or image.tag_v2.prefix == b"II"


def open_grey_alpha(data: bytes) -> GreyAlphaTiff:
    """Open a TIFF file with 16-bit grey and alpha. The exceptions of Pillow are passed on."""
    return GreyAlphaTiff(io.BytesIO(data))
