"""Reading of PNG, JPEG, TIFF, BMP and WebP images."""

import io
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageFile

from fracture_core.errors import ImageReadError
from fracture_core.imaging import read_radiograph

GREY = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
UNIT = GREY / np.float32(255)


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_deflate"}),
        ("TIFF", {"big_tiff": True}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_grey_levels_are_exact_in_every_lossless_format(encode_image, format, options):
    film = read_radiograph(encode_image(GREY, format, **options))
    assert_array_equal(film.pixels, UNIT)
    assert film.pixels.dtype == np.float32
    assert film.kind == ("WebP" if format == "WEBP" else format)
    assert film.colour == 0.0
    assert film.spacing is None
    assert film.warnings == ()


def test_grey_stored_as_rgb_is_grey(encode_image):
    film = read_radiograph(encode_image(np.repeat(GREY[..., None], 3, axis=-1), "PNG"))
    assert_array_equal(film.pixels, UNIT)
    assert film.colour == 0.0


def test_colour_is_measured_and_converted_to_luma(encode_image):
    rgb = np.zeros((2, 2, 3), np.uint8)
    rgb[0, 0] = (255, 0, 0)
    film = read_radiograph(encode_image(rgb, "PNG"))
    assert_array_equal(film.pixels, np.array([[76, 0], [0, 0]], np.float32) / 255)
    assert film.colour == 0.25


def test_faint_tint_is_not_colour(encode_image):
    rgb = np.full((4, 4, 3), (100, 110, 120), np.uint8)
    assert read_radiograph(encode_image(rgb, "PNG")).colour == 0.0


def test_one_bit_image_is_read(encode_image):
    film = read_radiograph(encode_image(Image.fromarray(GREY > 127), "PNG"))
    assert_array_equal(film.pixels, [[0, 0, 0], [1, 1, 1]])


def test_palette_is_converted_to_grey(encode_image):
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "L").convert("P")
    image.putpalette([0, 0, 0, 255, 255, 255, 128, 128, 128])
    film = read_radiograph(encode_image(image, "PNG"))
    assert_array_equal(film.pixels * 255, [[0, 255], [128, 255]])


def test_transparent_palette_entry_is_black(encode_image):
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "L").convert("P")
    image.putpalette([200, 200, 200, 255, 255, 255])
    film = read_radiograph(encode_image(image, "PNG", transparency=1))
    assert_array_equal(film.pixels * 255, [[200, 0]])


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_composited_on_black(encode_image, mode):
    image = Image.new(mode, (3, 1))
    for x, alpha in enumerate((0, 128, 255)):
        image.putpixel((x, 0), (200, alpha) if mode == "LA" else (200, 200, 200, alpha))
    film = read_radiograph(encode_image(image, "PNG"))
    assert_array_equal(film.pixels * 255, [[0, 100, 200]])
    assert film.colour == 0.0


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("highest", "full"), [(255, 255), (1000, 1023), (4095, 4095), (9000, 16383), (40000, 65535)]
)
def test_sixteen_bits_are_scaled_by_the_depth_in_use(encode_image, format, highest, full):
    values = np.array([[0, highest // 2, highest]], np.uint16)
    film = read_radiograph(encode_image(values, format))
    assert_allclose(film.pixels, values / full, atol=1e-7)


def test_sixteen_bit_big_endian_tiff(encode_image):
    image = Image.frombytes("I;16B", (2, 1), np.array([[0, 65535]], ">u2").tobytes())
    assert_array_equal(read_radiograph(encode_image(image, "TIFF")).pixels, [[0, 1]])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero_tiff_is_inverted(encode_image, dtype):
    full = np.iinfo(dtype).max
    values = np.array([[0, full]], dtype)
    # Photometric 0, an ordinary tag of the file written here.
    data = encode_image(values, "TIFF", tiffinfo={262: 0})
    with Image.open(io.BytesIO(data)) as image:
        assert image.tag_v2[262] == 0
    stored_as_shown = dtype is np.uint8  # Pillow inverts 8 bits both when it writes and when it reads
    assert_array_equal(read_radiograph(data).pixels, [[0, 1]] if stored_as_shown else [[1, 0]])


def test_float_tiff_is_scaled_to_its_own_range(encode_image):
    values = np.array([[-2.0, 0.0, 2.0]], np.float32)
    assert_array_equal(read_radiograph(encode_image(values, "TIFF")).pixels, [[0, 0.5, 1]])


def test_float_tiff_with_nan_and_infinity_stays_in_range(encode_image):
    values = np.array([[np.nan, 0.0, np.inf, 4.0]], np.float32)
    assert_array_equal(read_radiograph(encode_image(values, "TIFF")).pixels, [[0, 0, 0, 1]])


def test_signed_integers_are_scaled_to_their_own_range(encode_image):
    values = np.array([[-100, 0, 100]], np.int32)
    assert_array_equal(read_radiograph(encode_image(values, "TIFF")).pixels, [[0, 0.5, 1]])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_is_read(encode_image, mode):
    image = Image.fromarray(np.full((16, 16), 180, np.uint8)).convert(mode)
    film = read_radiograph(encode_image(image, "JPEG", quality=95))
    assert film.kind == "JPEG"
    assert_allclose(film.pixels, 180 / 255, atol=2 / 255)


def test_progressive_jpeg_is_read(encode_image):
    film = read_radiograph(encode_image(np.full((16, 16), 90, np.uint8), "JPEG", progressive=True))
    assert_allclose(film.pixels, 90 / 255, atol=2 / 255)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, [[1, 0, 0], [0, 0, 0]]),
        (2, [[0, 0, 1], [0, 0, 0]]),
        (3, [[0, 0, 0], [0, 0, 1]]),
        (4, [[0, 0, 0], [1, 0, 0]]),
        (5, [[1, 0], [0, 0], [0, 0]]),
        (6, [[0, 1], [0, 0], [0, 0]]),
        (7, [[0, 0], [0, 0], [0, 1]]),
        (8, [[0, 0], [0, 0], [1, 0]]),
        (9, [[1, 0, 0], [0, 0, 0]]),
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_exif_orientation_is_applied_once(encode_image, format, orientation, upright):
    # One white corner of 8 × 8 pixels, so JPEG keeps it sharp.
    stored = np.zeros((16, 24), np.uint8)
    stored[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    film = read_radiograph(encode_image(stored, format, exif=exif))
    assert_allclose(film.pixels, np.kron(upright, np.ones((8, 8))), atol=0.02)


@pytest.fixture
def noise_image() -> np.ndarray:
    """Random grey values, uint8 (160, 120)."""
    return np.random.default_rng(0).integers(140, 256, (160, 120), np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("keep", [0.4, 0.9])
def test_truncated_jpeg_is_read_up_to_its_end(encode_image, noise_image, mode, keep):
    whole = encode_image(Image.fromarray(noise_image).convert(mode), "JPEG", quality=90)
    film = read_radiograph(whole[: int(len(whole) * keep)])
    assert (film.height, film.width) == noise_image.shape
    (warning,) = film.warnings
    assert "truncated" in warning
    assert "lines are missing" in warning
    lines = np.flatnonzero(film.pixels.any(axis=1))[-1] + 1
    assert 0 < lines < noise_image.shape[0]
    # Blocks are 8 or 16 lines high; the last row of them is broken off somewhere.
    intact = lines - 17
    assert_array_equal(film.pixels[:intact], read_radiograph(whole).pixels[:intact])


def test_jpeg_without_its_last_bytes_gets_a_warning(encode_image, noise_image):
    film = read_radiograph(encode_image(noise_image, "JPEG")[:-3])
    assert film.warnings == (
        "The file is truncated: its last lines may be damaged. Export it again if you can.",
    )


def test_reading_truncated_files_in_threads_does_not_change_pillow(encode_image, noise_image):
    truncated = encode_image(noise_image, "JPEG")[:-500]
    films = []
    threads = [threading.Thread(target=lambda: films.append(read_radiograph(truncated))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(films) == 4
    assert all(film.warnings for film in films)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("keep", [3, 20, 160])
def test_jpeg_truncated_before_its_pixels_is_rejected(encode_image, noise_image, keep):
    with pytest.raises(ImageReadError, match="The JPEG file is damaged or incomplete"):
        read_radiograph(encode_image(noise_image, "JPEG")[:keep])


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("keep", [0.1, 0.5])
def test_other_damaged_images_are_rejected(encode_image, noise_image, format, keep):
    data = encode_image(noise_image, format)
    with pytest.raises(ImageReadError, match="damaged or incomplete"):
        read_radiograph(data[: max(20, int(len(data) * keep))])


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_animations_are_rejected(encode_image, format):
    frames = [Image.fromarray(np.full((8, 8), v, np.uint8)) for v in (0, 128, 255)]
    data = encode_image(frames[0], format, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageReadError, match=r"animation of 3 frames"):
        read_radiograph(data)


def test_tiff_with_several_pages_is_rejected(encode_image):
    pages = [Image.fromarray(GREY), Image.fromarray(GREY)]
    data = encode_image(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageReadError, match="The TIFF file contains 2 pages"):
        read_radiograph(data)


def test_preview_in_a_tiff_is_ignored(encode_image):
    pages = [Image.fromarray(np.full((4, 4), 9, np.uint8)), Image.fromarray(np.full((32, 32), 255, np.uint8))]
    data = encode_image(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert_array_equal(read_radiograph(data).pixels, np.ones((32, 32)))


def test_first_image_of_a_stereo_jpeg_is_read(encode_image):
    views = [Image.fromarray(np.full((16, 16), v, np.uint8)) for v in (200, 10)]
    film = read_radiograph(encode_image(views[0], "MPO", save_all=True, append_images=views[1:]))
    assert film.kind == "JPEG"
    assert_allclose(film.pixels, 200 / 255, atol=2 / 255)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), [(10000, 8001), (10000, 9500), (30000, 30000)])
def test_huge_image_is_rejected_before_decoding(encode_image, width, height):
    data = bytearray(encode_image(GREY, "BMP"))
    data[18:22], data[22:26] = width.to_bytes(4, "little"), height.to_bytes(4, "little")
    with pytest.raises(ImageReadError, match="at most 80 megapixels"):
        read_radiograph(bytes(data))
