"""One look at a file gathers what an audit needs."""

import cv2
import numpy as np
import pytest
from phantom_files import film, save

from fracture_core.audit import file_facts
from fracture_core.audit.film_markers import count_markers, empty_frame_share
from fracture_core.imaging import GreyHistogram, QualityState
from fracture_core.phantom import draw_phantom, generate, phantom_to_dicom
from fracture_core.phantom.difficulty import DIFFICULTIES


def test_a_film(tmp_path):
    path = save(tmp_path / "film.png", film(3, True))
    found = file_facts.inspect_file(path)
    assert (found.kind, found.width, found.height, found.size) == ("PNG", 160, 200, path.stat().st_size)
    assert found.readable
    assert not found.truncated
    assert 0.02 < found.brightness < 0.9
    assert 0.02 < found.contrast < 0.5
    assert found.rings.any()
    assert len(found.digest) == 64


def test_a_dicom_film(tmp_path):
    path = tmp_path / "film.dcm"
    path.write_bytes(phantom_to_dicom(draw_phantom(5, "leg", True, (200, 160))))
    found = file_facts.inspect_file(path)
    assert found.kind.startswith("DICOM")
    assert found.gate.state is not QualityState.REFUSE


def test_what_cannot_be_read_says_why(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no film")
    found = file_facts.inspect_file(bad)
    assert not found.readable
    assert "text file" in found.error
    assert not found.rings.any()
    gone = file_facts.inspect_file(tmp_path / "gone.png")
    assert (gone.digest, gone.size) == ("", 0)
    assert "cannot be opened" in gone.error


def test_equal_files_are_decoded_once(tmp_path, monkeypatch):
    paths = [save(tmp_path / f"{k}.png", film(k % 2, False)) for k in range(6)]
    decoded = []
    read = file_facts.read_radiograph
    monkeypatch.setattr(file_facts, "read_radiograph", lambda data: decoded.append(1) or read(data))
    seen = []
    found = file_facts.inspect_files(paths, lambda stage, done, total: seen.append((done, total)))
    assert [each.digest for each in found] == [found[0].digest, found[1].digest] * 3
    assert len(decoded) == 2
    assert seen == [(k + 1, 6) for k in range(6)]


def test_letters_on_dark_ground_are_marks():
    plain = np.full((200, 160), 30, np.uint8)
    assert count_markers(plain) == 0
    lettered = plain.copy()
    cv2.putText(lettered, "R", (120, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    cv2.putText(lettered, "L", (10, 180), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    assert count_markers(lettered) == 2
    # A white bone across the film, a speck, and a letter on bright bone are none.
    other = plain.copy()
    other[:, 60:100] = 255
    other[5, 5] = 255
    assert count_markers(other) == 0
    bright = np.full((200, 160), 180, np.uint8)
    cv2.putText(bright, "R", (60, 100), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    assert count_markers(bright) == 0


def test_marks_follow_the_marker_of_phantoms():
    """Told from films drawn with and without a metal letter, better than nine times in ten."""
    level = DIFFICULTIES["realistic"]
    right = 0
    for seed in range(60):
        technique = generate._scene(seed, "hand", None, (256, 200), level).technique
        pixels = draw_phantom(seed, "hand", None, (256, 200)).pixels
        seen = count_markers(GreyHistogram.of(pixels / np.float32(255)).pixels)
        right += (seen > 0) == bool(technique.marker)
    assert right >= 54


@pytest.mark.parametrize("frame", [0, 10, 40])
def test_the_empty_frame_is_measured(frame):
    rng = np.random.default_rng(0)
    pixels = np.zeros((200, 160), np.uint8)
    pixels[frame : 200 - frame, frame : 160 - frame] = rng.integers(
        0, 255, (200 - 2 * frame, 160 - 2 * frame)
    )
    inside = (200 - 2 * frame) * (160 - 2 * frame) / (200 * 160)
    assert empty_frame_share(pixels) == pytest.approx(1 - inside, abs=0.01)


def test_an_empty_film_is_all_frame():
    assert empty_frame_share(np.full((50, 40), 7, np.uint8)) == 1.0
