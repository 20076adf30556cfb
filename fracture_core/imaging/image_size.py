"""The largest image that is read."""

from fracture_core.errors import ImageReadError

#: Long-leg films stitched from three exposures have about 30 million pixels.
MAX_MEGAPIXELS = 80

#: Bytes that reading one image may need on top of its file.
MAX_MEMORY = 580_000_000


def check_image_size(width: float, height: float) -> None:
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


def check_memory(width: float, height: float, bytes_per_pixel: float) -> None:
    """Refuse an image that is small enough in pixels but needs too much memory for each.

    Args:
        width: columns the header announces.
        height: rows the header announces.
        bytes_per_pixel: the most that is held at a time while the image is read, for one pixel.

    Raises:
        ImageReadError: more than `MAX_MEMORY` in all.
    """
    if width * height * bytes_per_pixel > MAX_MEMORY:
        most = MAX_MEMORY / bytes_per_pixel / 1e6
        raise ImageReadError(
            f"The image has {width:.0f} × {height:.0f} pixels; expected at most {most:.0f} megapixels for pixels of "
            "this kind: export it smaller, or as 8-bit grey."
        )
