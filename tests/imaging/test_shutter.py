"""The DICOM display shutter."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset

from fracture_core.imaging import QualityState, check_quality, read_radiograph
from fracture_core.imaging.shutter import read_shutter

RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterUpperHorizontalEdge": 3,
    "ShutterLowerHorizontalEdge": 5,
    "ShutterLeftVerticalEdge": 2,
    "ShutterRightVerticalEdge": 4,
}
CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [4, 6], "RadiusOfCircularShutter": 2}
POLYGON = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 1, 9, 9, 1]}


def shutter(elements, shape=(8, 10), aspect=1.0):
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return read_shutter(dataset, shape, aspect)


def test_file_without_shutter():
    assert shutter({}) == (None, ())


def test_rectangle_is_one_based_and_includes_its_edges():
    mask, warnings = shutter(RECTANGLE)
    expected = np.ones((8, 10), bool)
    expected[2:5, 1:4] = False
    assert_array_equal(mask.hidden, expected)
    assert mask.level == 0
    assert warnings == ()


def test_rectangle_that_begins_before_the_image():
    mask, _ = shutter(RECTANGLE | {"ShutterUpperHorizontalEdge": -4, "ShutterLeftVerticalEdge": 0})
    assert_array_equal(np.argwhere(~mask.hidden).min(axis=0), [0, 0])
    assert_array_equal(np.argwhere(~mask.hidden).max(axis=0), [4, 3])


def test_circle_hides_the_outside():
    mask, _ = shutter(CIRCLE)
    row, column = np.mgrid[1:9, 1:11]
    assert_array_equal(~mask.hidden, (row - 4) ** 2 + (column - 6) ** 2 <= 4)


def test_circle_on_tall_pixels_is_round_in_millimetres():
    mask, _ = shutter(
        CIRCLE | {"CenterOfCircularShutter": [10, 10], "RadiusOfCircularShutter": 6}, (20, 20), 2.0
    )
    visible = np.argwhere(~mask.hidden)
    assert_array_equal(visible.max(axis=0) - visible.min(axis=0), [6, 12])


def test_polygon_hides_the_outside():
    mask, _ = shutter(POLYGON, (10, 10))
    row, column = np.mgrid[1:11, 1:11]
    assert_array_equal(~mask.hidden, row + column <= 10)


def test_only_the_area_inside_all_shapes_is_visible():
    shapes = RECTANGLE | CIRCLE | POLYGON | {"ShutterShape": ["RECTANGULAR", "CIRCULAR", "POLYGONAL"]}
    mask, _ = shutter(shapes)
    parts = [shutter(shape)[0].hidden for shape in (RECTANGLE, CIRCLE, POLYGON)]
    assert_array_equal(mask.hidden, np.any(parts, axis=0))
    assert not mask.hidden.all()


@pytest.mark.parametrize(("value", "level"), [(None, 0), (0, 0), (32768, 32768 / 65535), (65535, 1)])
def test_presentation_value_is_converted_to_a_grey_level(value, level):
    mask, _ = shutter(RECTANGLE | ({} if value is None else {"ShutterPresentationValue": value}))
    assert mask.level == level


@pytest.mark.parametrize(
    "elements",
    [
        {"ShutterShape": "RECTANGULAR"},
        RECTANGLE | {"ShutterUpperHorizontalEdge": 7},
        RECTANGLE | {"ShutterLeftVerticalEdge": 9},
        CIRCLE | {"CenterOfCircularShutter": [4]},
        CIRCLE | {"RadiusOfCircularShutter": 0},
        POLYGON | {"VerticesOfThePolygonalShutter": [1, 1, 2, 2]},
        POLYGON | {"VerticesOfThePolygonalShutter": [1, 1, 2, 2, 3, 3, 4]},
        {"ShutterShape": "STAR"},
    ],
)
def test_malformed_shutter_is_ignored_with_a_warning(elements):
    mask, (warning,) = shutter(elements)
    assert mask is None
    assert "malformed" in warning


def test_shutter_that_hides_everything_is_ignored_with_a_warning():
    mask, (warning,) = shutter(CIRCLE | {"CenterOfCircularShutter": [900, 900]})
    assert mask is None
    assert "hides the whole image" in warning


def test_vertices_far_outside_the_image_are_accepted():
    far = [-2_000_000_000, -2_000_000_000, -2_000_000_000, 2_000_000_000, 2_000_000_000, 0]
    mask, warnings = shutter(POLYGON | {"VerticesOfThePolygonalShutter": far})
    assert mask is None
    assert warnings == ()  # nothing of the image is hidden


@pytest.fixture
def framed_image(film) -> tuple[np.ndarray, dict, tuple[slice, slice]]:
    """An image with a bright frame that distorts the grey levels, its shutter elements, and the area inside."""
    values = np.full((320, 260), 4000, np.uint16)
    inside = slice(40, 280), slice(30, 230)
    values[inside] = np.rint(film * 1000)
    edges = {
        "ShutterShape": "RECTANGULAR",
        "ShutterUpperHorizontalEdge": 41,
        "ShutterLowerHorizontalEdge": 280,
        "ShutterLeftVerticalEdge": 31,
        "ShutterRightVerticalEdge": 230,
    }
    return values, edges, inside


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("value", [0, 65535])
def test_hidden_area_influences_neither_grey_levels_nor_quality_check(
    make_dicom, framed_image, photometric, value
):
    values, edges, inside = framed_image
    if photometric == "MONOCHROME1":
        values = 4095 - values
    options = {"BitsStored": 12, "PhotometricInterpretation": photometric}
    shuttered = read_radiograph(make_dicom(values, ShutterPresentationValue=value, **edges, **options))
    plain = read_radiograph(make_dicom(np.ascontiguousarray(values[inside]), **options))
    assert_array_equal(shuttered.pixels[inside], plain.pixels)
    assert shuttered.pixels.sum() == pytest.approx(plain.pixels.sum(), rel=1e-5)
    assert_array_equal(shuttered.shown[inside], plain.pixels)
    assert_allclose(shuttered.shown[0], value / 65535)
    assert shuttered.pixels.shape == shuttered.shown.shape == values.shape
    assert check_quality(shuttered) == check_quality(plain)
    assert check_quality(plain).state is QualityState.PASS


def test_area_outside_round_and_polygonal_shutters_is_not_checked(make_dicom, film):
    values = np.rint(film * 4095).astype(np.uint16)
    values[:30] = values[-30:] = 4095
    values[:, :25] = values[:, -25:] = 4095
    window = {"BitsStored": 12, "WindowCenter": 2048, "WindowWidth": 4096}
    assert check_quality(read_radiograph(make_dicom(values, **window))).state is QualityState.WARN
    circle = {
        "ShutterShape": "CIRCULAR",
        "CenterOfCircularShutter": [120, 100],
        "RadiusOfCircularShutter": 74,
    }
    polygon = {
        "ShutterShape": "POLYGONAL",
        "VerticesOfThePolygonalShutter": [32, 100, 120, 173, 208, 100, 120, 28],
    }
    for shape in (circle, polygon):
        for value in (0, 65535):
            film = read_radiograph(make_dicom(values, ShutterPresentationValue=value, **shape, **window))
            assert check_quality(film).state is QualityState.PASS


def test_shutter_of_a_colour_image(make_dicom, framed_image):
    values, edges, inside = framed_image
    rgb = np.repeat((values >> 4).astype(np.uint8)[..., None], 3, axis=-1)
    film = read_radiograph(make_dicom(rgb, **edges))
    assert not film.pixels[:40].any()
    assert film.pixels[inside].any()


def test_nearly_completely_hidden_image_is_refused(make_dicom, film):
    values = np.rint(film * 4095).astype(np.uint16)
    tiny = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [120, 100], "RadiusOfCircularShutter": 15}
    result = check_quality(read_radiograph(make_dicom(values, BitsStored=12, **tiny)))
    assert result.state is QualityState.REFUSE
    assert "single shade" in result.reasons[0]


def test_mostly_hidden_image_gets_a_warning(make_dicom, film):
    values = np.rint(film * 4095).astype(np.uint16)
    small = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [120, 100], "RadiusOfCircularShutter": 30}
    result = check_quality(
        read_radiograph(make_dicom(values, BitsStored=12, WindowCenter=2048, WindowWidth=4096, **small))
    )
    assert result.state is QualityState.WARN
    assert any("hidden by a display shutter" in reason for reason in result.reasons)
