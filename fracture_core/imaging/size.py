"""The largest image that is read."""

from fracture_core.errors import ImageReadError

#: Long-leg films stitched from three exposures have about 30 million pixels.
MAX_MEGAPIXELS = 80


def check_size(width: float, height: float) -> None:
    """Refuses an image whose pixels would fill the memory, before they are decoded.

    Args:
        width: columns the header announces.
        height: rows the header announces.

    Raises:
        ImageReadError: more than `MAX_MEGAPIXELS` million pixels, or none.
    """
    if width < 1 or height < 1:
        raise ImageReadError(
            f"The file announces an image of {width:.0f} × {height:.0f} pixels; "
            "expected one with pixels: export the image again."
        )
    if width * height > MAX_MEGAPIXELS * 1e6:
        raise ImageReadError(
            f"The image has {width:.0f} × {height:.0f} pixels; expected at most {MAX_MEGAPIXELS} "
            "megapixels: export it smaller."
        )
