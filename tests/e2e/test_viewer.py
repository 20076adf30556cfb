"""The image viewer in a browser, checked by the pixels of its canvas."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from browser_steps import open_options, wait_for_rerun
from patient_data import change_elements
from PIL import Image
from playwright.sync_api import expect
from pydicom import dcmread

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"
HAND = SAMPLES / "synthetic_hand_fracture.png"
LEG = SAMPLES / "synthetic_leg_fracture.dcm"

pytestmark = pytest.mark.browser

_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Viewer:
    """The viewer of a page."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".viewer")
        self.stage = self.root.locator(".stage")

    def ready(self, layer: bool = True) -> None:
        self.page.wait_for_function(
            """layer => {
                const host = document.querySelector('[data-testid=stBidiComponentIsolated]');
                const data = host?.shadowRoot?.querySelector('.viewer')?.dataset;
                return data?.matrix && Boolean(data.layer) === layer;
            }""",
            arg=layer,
        )

    def press(self, key: str) -> None:
        self.stage.focus()
        self.page.keyboard.press(key)
        self.page.evaluate(_FRAMES)

    def data(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}")

    def matrix(self, pane: int = 0) -> np.ndarray:
        """Affine matrix from image pixels to the canvas, (2, 3)."""
        a, b, c, d, e, f = map(float, self.data("matrix").split(";")[pane].split(","))
        return np.array([[a, c, e], [b, d, f]])

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the canvas at a point of the image."""
        column, row = self.matrix() @ (x, y, 1)
        return int(row + 1e-6), int(column + 1e-6)

    def pixels(self) -> np.ndarray:
        """The canvas, int (height, width, 3)."""
        self.page.evaluate(_FRAMES)
        url = self.root.locator("canvas").evaluate("canvas => canvas.toDataURL('image/png')")
        image = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")
        return np.asarray(image).astype(int)

    def button(self, name: str, exact: bool = False):
        return self.root.get_by_role("button", name=name, exact=exact)


def _open(page, app, file: Path) -> Viewer:
    page.goto(app.url)
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(str(file))
    viewer = Viewer(page)
    viewer.ready()
    # The list of files above the viewer goes at the end of the run, and the viewer grows.
    wait_for_rerun(page)
    viewer.press("b")  # boxes would cover pixels
    viewer.press("h")
    return viewer


def _film(path: Path = HAND) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def _saturation(pixels: np.ndarray) -> np.ndarray:
    return pixels.max(axis=-1) - pixels.min(axis=-1)


def test_grey_values_are_exact_at_100_percent(page, app):
    viewer = _open(page, app, HAND)
    assert _saturation(viewer.pixels()).max() > 60
    viewer.press("h")
    viewer.press("1")
    film, displayed = _film(), viewer.pixels()
    assert not _saturation(displayed).any()
    row, column = viewer.at(200, 300)
    np.testing.assert_array_equal(
        displayed[row : row + 200, column : column + 200, 0], film[300:500, 200:400]
    )
    viewer.press("i")
    np.testing.assert_array_equal(
        viewer.pixels()[row : row + 200, column : column + 200, 0], 255 - film[300:500, 200:400]
    )


def test_window_follows_its_formula_and_can_be_reset(page, app):
    viewer = _open(page, app, HAND)
    viewer.press("h")
    viewer.press("1")
    row, column = viewer.at(200, 300)
    part = np.s_[row : row + 100, column : column + 100, 0]
    film = _film()[300:400, 200:300]
    viewer.press("Shift+ArrowLeft")  # contrast: the width falls by 0.05
    viewer.press("Shift+ArrowUp")  # brighter: the level falls by 0.02
    expected = np.clip((film / 255 - 0.48) / 0.95 + 0.5, 0, 1) * 255
    assert np.abs(viewer.pixels()[part] - expected).max() <= 1
    viewer.button("Window level").click()
    viewer.root.get_by_role("slider", name="Window width").fill("500")
    expected = np.clip((film / 255 - 0.48) / 0.5 + 0.5, 0, 1) * 255
    assert np.abs(viewer.pixels()[part] - expected).max() <= 1
    viewer.root.get_by_role("combobox", name="Window preset").select_option("Bone")
    assert not np.array_equal(viewer.pixels()[part], film)
    viewer.root.get_by_role("button", name="Reset", exact=True).click()
    np.testing.assert_array_equal(viewer.pixels()[part], film)


def test_drag_moves_the_image_and_with_shift_sets_the_window(page, app):
    viewer = _open(page, app, HAND)
    box = viewer.stage.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 200
    before = viewer.matrix()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 25, steps=4)
    page.mouse.up()
    page.evaluate(_FRAMES)
    np.testing.assert_allclose(viewer.matrix()[:, 2] - before[:, 2], (40, 25), atol=1)
    moved, displayed = viewer.matrix(), viewer.pixels()
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(x + 40, y - 100, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    np.testing.assert_array_equal(viewer.matrix(), moved)
    assert viewer.pixels().mean() != pytest.approx(displayed.mean(), rel=0.05)


def test_wheel_zooms_at_the_pointer(page, app):
    viewer = _open(page, app, HAND)
    box = viewer.stage.bounding_box()
    x, y = box["width"] / 2 - 40, 220.0
    before = viewer.matrix()
    page.mouse.move(box["x"] + x, box["y"] + y)
    viewer.stage.evaluate("stage => stage.blur()")
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(200)
    # Without the focus the wheel scrolls the page, which is at its top.
    np.testing.assert_array_equal(viewer.matrix(), before)
    viewer.stage.focus()
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(200)
    after = viewer.matrix()
    assert after[0, 0] > 1.5 * before[0, 0]
    image_points = [
        np.linalg.solve(matrix[:, :2], np.array([x, y]) - matrix[:, 2]) for matrix in (before, after)
    ]
    np.testing.assert_allclose(*image_points, atol=1.5)
    viewer.press("0")
    np.testing.assert_allclose(viewer.matrix(), before)


@pytest.mark.parametrize("shape", ["tall", "wide"])
def test_heatmap_stays_aligned_with_the_rotated_and_mirrored_image(page, app, tmp_path, shape):
    film = np.pad(_film(), ((0, 0), (0, 0) if shape == "tall" else (300, 100)))
    file = tmp_path / "film.png"
    Image.fromarray(film.astype(np.uint8)).save(file)
    viewer = _open(page, app, file)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Results (JSON)").click()
    ((x, y),) = [row["peak"] for row in json.loads(Path(saved.value.path()).read_text())]
    response = page.request.get(f"{app.url}{viewer.data('layer')}")
    layer = np.asarray(Image.open(io.BytesIO(response.body()))).astype(float)
    scale = film.shape[1] / layer.shape[1], film.shape[0] / layer.shape[0]
    # The layer is strongest at the peak of the results, to within one cell of the heatmap.
    rows, columns = np.nonzero(layer[..., 3] > 0.95 * layer[..., 3].max())
    cell = max(film.shape) / 48
    assert np.hypot((columns + 0.5) * scale[0] - x, (rows + 0.5) * scale[1] - y).min() < cell
    points = np.random.default_rng(0).uniform((0.2, 0.2), (0.8, 0.8), (300, 2)) * film.shape[::-1]
    points = np.vstack([points, [(x + 0.5, y + 0.5)]])
    matrices = []
    for keys in ([], ["r"], ["m"], ["r"], ["Shift+R", "Shift+R", "Shift+R"], ["m"]):
        for key in keys:
            viewer.press(key)
        matrices.append(viewer.matrix())
        with_heatmap = viewer.pixels()
        viewer.press("h")
        without_heatmap = viewer.pixels()
        viewer.press("h")
        assert not _saturation(without_heatmap).any()
        assert np.abs(with_heatmap - without_heatmap).max() > 40
        # The heatmap stays on the same point of the image in every orientation.
        for at_x, at_y in points:
            row, column = viewer.at(at_x, at_y)
            colour = layer[int(at_y / scale[1]), int(at_x / scale[0])]
            alpha = colour[3] / 255 * 0.55
            expected = without_heatmap[row, column] * (1 - alpha) + colour[:3] * alpha
            assert np.abs(with_heatmap[row, column] - expected).max() <= 6
        # The image itself is drawn where the matrix maps it.
        for at_y, at_x in (
            (film.shape[0] // 2, film.shape[1] // 3),
            (film.shape[0] // 3, film.shape[1] // 2),
        ):
            row, column = viewer.at(at_x + 0.5, at_y + 0.5)
            around = film[at_y - 2 : at_y + 3, at_x - 2 : at_x + 3]
            assert around.min() - 3 <= without_heatmap[row, column, 0] <= around.max() + 3
    assert len({matrix.round(3).tobytes() for matrix in matrices}) == len(matrices)


def test_heatmap_controls_send_no_request(page, app):
    requests = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: requests.append(frame)))
    page.on("request", lambda request: requests.append(request.url))
    viewer = _open(page, app, HAND)
    page.wait_for_timeout(1500)
    requests.clear()
    first = viewer.pixels()
    viewer.root.get_by_role("slider", name="Heatmap opacity").press("End")
    full = viewer.pixels()
    assert _saturation(full).max() > _saturation(first).max()
    viewer.button("Contour").click()
    assert not np.array_equal(viewer.pixels(), full)
    viewer.button("Heatmap", exact=True).click()
    assert not _saturation(viewer.pixels()).any()
    assert viewer.button("Heatmap", exact=True).get_attribute("aria-pressed") == "false"
    viewer.button("Heatmap", exact=True).click()
    viewer.press("r")
    page.wait_for_timeout(500)
    assert requests == []


def test_side_by_side_views_with_and_without_heatmap_move_together(page, app):
    viewer = _open(page, app, HAND)
    viewer.press("s")
    displayed = viewer.pixels()
    half_width = displayed.shape[1] // 2
    assert not _saturation(displayed[:, : half_width - 1]).any()
    assert _saturation(displayed[:, half_width + 1 :]).max() > 60
    viewer.press("+")
    left, right = viewer.matrix(0), viewer.matrix(1)
    np.testing.assert_allclose(left[:, :2], right[:, :2])
    np.testing.assert_allclose(right[:, 2] - left[:, 2], (half_width, 0), atol=1)


def test_other_method_changes_the_heatmap_and_keeps_the_view(page, app):
    viewer = _open(page, app, HAND)
    for key in ("+", "+", "ArrowLeft", "r", "i", "["):
        viewer.press(key)
    matrix, layer, film = viewer.matrix(), viewer.data("layer"), viewer.data("film")
    before = viewer.pixels()
    _choose(page, "Layer-CAM")
    expect(page.get_by_text("What each area alone adds")).to_be_visible(timeout=60_000)
    expect(viewer.root).not_to_have_attribute("data-layer", layer, timeout=60_000)
    np.testing.assert_allclose(viewer.matrix(), matrix)
    assert viewer.data("film") == film
    assert viewer.button("Invert").get_attribute("aria-pressed") == "true"
    assert not np.array_equal(viewer.pixels(), before)
    # The first heatmap is cached and shown again without a change.
    _choose(page, "Fracture map")
    expect(viewer.root).to_have_attribute("data-layer", layer, timeout=60_000)
    np.testing.assert_array_equal(viewer.pixels(), before)


def test_evidence_for_no_fracture_is_shown_by_methods_that_have_it(page, app):
    viewer = _open(page, app, HAND)
    map_layer = viewer.data("layer")
    _choose(page, "Grad-CAM")
    expect(viewer.root).not_to_have_attribute("data-layer", map_layer, timeout=60_000)
    layer = viewer.data("layer")
    page.get_by_role("radio", name="no fracture").click()
    expect(page.get_by_text("Evidence for no fracture.")).to_be_visible(timeout=60_000)
    expect(viewer.root).not_to_have_attribute("data-layer", layer, timeout=60_000)
    _choose(page, "Saliency")
    expect(page.get_by_text("Saliency cannot show evidence for no fracture")).to_be_visible(timeout=60_000)
    viewer.ready(layer=False)
    assert not _saturation(viewer.pixels()).any()
    assert viewer.button("Heatmap", exact=True).is_disabled()


def test_methods_are_compared(page, app):
    _open(page, app, LEG)
    page.get_by_role("tab", name="Explain").click()
    page.get_by_text("Compare methods").click()
    expect(page.get_by_text(re.compile(r"^\d of 6 methods point at the same place\."))).to_be_visible(
        timeout=120_000
    )
    expect(page.locator(".st-key-view-compare [data-testid=stImage] img")).to_have_count(6)


def test_distance_is_in_millimetres_if_the_pixel_spacing_is_known(page, app):
    viewer = _open(page, app, LEG)
    page.get_by_role("tab", name="Explain").click()
    note = page.get_by_text("Lengths use the pixel spacing in the file").inner_text()
    spacing = float(re.search(r"pixel spacing in the file, ([\d.]+) mm", note)[1])
    page.get_by_role("tab", name="Report").click()
    wait_for_rerun(page)
    viewer.press("d")
    box = viewer.stage.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 150, steps=3)
    page.mouse.up()
    page.evaluate(_FRAMES)
    length = float(re.search(r"([\d.]+) mm", viewer.root.locator(".state").inner_text())[1])
    assert length == pytest.approx(200 / viewer.matrix()[0, 0] * spacing, rel=0.01)
    # Further measurements are added; an angle needs a drag and a click.
    viewer.press("a")
    page.mouse.move(box["x"] + 100, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 300, steps=3)
    page.mouse.up()
    page.mouse.move(box["x"] + 200, box["y"] + 380, steps=3)
    page.mouse.down()
    page.mouse.up()
    page.evaluate(_FRAMES)
    assert "90.0°" in viewer.root.locator(".state").inner_text()
    viewer.press("Backspace")
    assert f"{length} mm" in viewer.root.locator(".state").inner_text()
    viewer.press("Backspace")
    assert "mm" not in viewer.root.locator(".state").inner_text()


def test_windows_and_values_of_a_dicom_file(page, app, tmp_path):
    path = tmp_path / "windows.dcm"
    elements = {
        "WindowCenter": [1500, 600],
        "WindowWidth": [2500, 400],
        "WindowCenterWidthExplanation": ["BONE", "SOFT"],
        "RescaleType": "OD",
    }
    path.write_bytes(change_elements(LEG.read_bytes(), **elements))
    stored = dcmread(LEG).pixel_array.astype(float)
    viewer = _open(page, app, path)
    viewer.press("h")
    viewer.press("1")
    row, column = viewer.at(100, 200)

    def expect_window(centre: float, width: float) -> None:
        expected = np.clip((stored[200:300, 100:200] - centre + 0.5) / (width - 1) + 0.5, 0, 1) * 255
        displayed = viewer.pixels()[row : row + 100, column : column + 100, 0]
        np.testing.assert_allclose(displayed, expected, atol=1)
        assert viewer.root.locator(".state").inner_text().startswith("100%")

    expect_window(1500, 2500)
    viewer.press("g")
    windows = viewer.root.get_by_label("Window preset")
    assert windows.locator("option").all_inner_texts()[:3] == ["Window", "BONE", "SOFT"]
    assert windows.locator("option:checked").inner_text() == "BONE"
    windows.select_option("SOFT")
    expect_window(600, 400)
    expect(viewer.root.locator(".state")).to_contain_text("level 600 OD width 399")
    viewer.press("x")
    expect_window(1500, 2500)
    box = viewer.stage.bounding_box()
    page.mouse.move(box["x"] + column + 50.5, box["y"] + row + 40.5)
    expect(viewer.root.locator(".where")).to_have_text(f"150, 240 · {stored[240, 150]:.0f} OD")


def test_keys_are_listed_and_every_button_has_a_name(page, app):
    viewer = _open(page, app, HAND)
    for button in viewer.root.get_by_role("button").all():
        name = button.get_attribute("aria-label") or button.inner_text()
        assert name.strip()
        assert button.get_attribute("title") or name == "Reset"
    assert viewer.button("Full screen").is_visible()
    viewer.press("?")
    dialog = viewer.root.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("Turn right by 90°")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # The toolbar is one tab stop, in which arrow keys move the focus. After it come the heatmap's controls.
    viewer.press("h")
    viewer.button("?").focus()
    page.keyboard.press("ArrowRight")
    assert viewer.button("Boxes").evaluate("button => button === button.getRootNode().activeElement")
    page.keyboard.press("Tab")
    assert viewer.stage.evaluate("stage => stage.getRootNode().activeElement === stage")


def test_keys_outside_the_viewer_have_no_effect_on_it(page, app):
    viewer = _open(page, app, HAND)
    page.mouse.move(5, 5)
    page.locator(".footer").first.click()
    page.mouse.move(5, 5)
    before = viewer.pixels()
    page.keyboard.press("i")
    np.testing.assert_array_equal(viewer.pixels(), before)


def test_viewer_opens_in_full_screen(page, app):
    viewer = _open(page, app, HAND)
    before = viewer.stage.bounding_box()["height"]
    viewer.button("Full screen").click()
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.wait_for_timeout(300)
    assert viewer.stage.bounding_box()["height"] > before
    page.evaluate("document.exitFullscreen()")
    page.wait_for_function("() => document.fullscreenElement === null")
    expect(page.locator(".workspace")).not_to_have_class(re.compile("full"))


def test_displayed_image_can_be_saved(page, app):
    viewer = _open(page, app, HAND)
    displayed = viewer.pixels()
    with page.expect_download() as saved:
        viewer.button("Save image").click()
    assert saved.value.suggested_filename == "Film 1.second-look.png"
    np.testing.assert_array_equal(np.asarray(Image.open(saved.value.path()).convert("RGB")), displayed)


def test_pinch_zooms_on_a_phone(browser, app):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(60_000)
    page = context.new_page()
    viewer = _open(page, app, HAND)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in viewer.root.get_by_role("button").all():
        if button.is_visible():
            box = button.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["height"] >= 36
    viewer.stage.scroll_into_view_if_needed()
    box = viewer.stage.bounding_box()
    before = viewer.matrix()[0, 0]
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = context.new_cdp_session(page)
    for kind, distance in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80), ("touchEnd", None)):
        points = (
            []
            if distance is None
            else [{"x": centre[0] + side * distance, "y": centre[1]} for side in (-1, 1)]
        )
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.evaluate(_FRAMES)
    assert viewer.matrix()[0, 0] == pytest.approx(2 * before, rel=0.1)
    context.close()


def test_boxes_of_the_findings_are_drawn_and_can_be_hidden(page, app):
    viewer = _open(page, app, HAND)
    viewer.press("h")
    without = viewer.pixels()
    button = viewer.root.get_by_role("button", name="Boxes", exact=True)
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(viewer.root.get_by_role("img", name=re.compile(r"box 1: \d+%"))).to_be_visible()
    page.evaluate(_FRAMES)
    rows, columns = np.nonzero(np.abs(viewer.pixels() - without).max(axis=2) > 40)
    # The fracture of the fifth metacarpal is at 192, 486.
    row, column = viewer.at(192, 486)
    assert rows.min() < row < rows.max()
    assert columns.min() < column < columns.max()
    assert rows.max() - rows.min() < 120
    expect(page.locator(".finding").first).to_contain_text(re.compile(r"1\s*Definite\s*\d+%"))
    page.get_by_role("button", name="New study").click()
    page.get_by_text("Study cleared").wait_for()
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
        str(SAMPLES / "synthetic_hand_normal.png")
    )
    expect(page.get_by_text("No area stands out enough for a box")).to_be_visible(timeout=60_000)
    expect(button).to_be_disabled()


def _choose(page, method: str) -> None:
    page.get_by_role("tab", name="Explain").click()
    open_options(page, "Heatmap method")
    page.keyboard.type(method)
    page.get_by_role("option", name=method, exact=True).wait_for()
    page.get_by_role("option", name=method, exact=True).click()
