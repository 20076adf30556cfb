"""Limits on the size and memory of images."""

from fracture_core.errors import ImageReadError

#: Largest number of megapixels. Long-leg radiographs stitched from three exposures have about 30.
MAX_MEGAPIXELS = 80

#: Largest number of bytes for reading one image, in addition to its file.
MAX_MEMORY = 580_000_000


def check_image_size(width: float, height: float) -> None:
    """Reject an image that is too large, before its pixels are decoded.

    Args:
        width: columns stated in the header.
        height: rows stated in the header.

    Raises:
        ImageReadError: the image has more than `MAX_MEGAPIXELS` million pixels, or none.
    """
    if width < 1 or height < 1:
        raise ImageReadError(
            f"The file states an image size of {width:.0f} × {height:.0f} pixels. Export the image again."
        )
    if width * height > MAX_MEGAPIXELS * 1e6:
        raise ImageReadError(
            f"The image has {width:.0f} × {height:.0f} pixels, but at most {MAX_MEGAPIXELS} megapixels are supported. "
            "Export a smaller image."
        )


def check_memory(width: float, height: float, bytes_per_pixel: float) -> None:
    """Reject an image whose pixels would need too much memory.

    Args:
        width: columns stated in the header.
        height: rows stated in the header.
        bytes_per_pixel: peak memory per pixel while the image is read.

    Raises:
        ImageReadError: the image needs more than `MAX_MEMORY`.
    """
    if width * height * bytes_per_pixel > MAX_MEMORY:
        most = MAX_MEMORY / bytes_per_pixel / 1e6
        raise ImageReadError(
            f"The image has {width:.0f} × {height:.0f} pixels, but at most {most:.0f} megapixels are supported for "
            "this pixel format. Export a smaller image, or export it as 8-bit grey."
        )
