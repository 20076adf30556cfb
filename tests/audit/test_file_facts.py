"""Tests of the facts measured from each file."""

import cv2
import numpy as np
import pytest
from phantom_files import save_image, small_phantom

from fracture_core.audit import file_facts
from fracture_core.audit.film_markers import count_markers, empty_frame_share
from fracture_core.imaging import GreyHistogram, QualityState
from fracture_core.phantom import draw_phantom, generate, phantom_to_dicom
from fracture_core.phantom.difficulty import DIFFICULTIES


def test_facts_of_a_png_file(tmp_path):
    path = save_image(tmp_path / "film.png", small_phantom(3, True))
    facts = file_facts.inspect_file(path)
    assert (facts.kind, facts.width, facts.height, facts.size) == ("PNG", 160, 200, path.stat().st_size)
    assert facts.readable
    assert not facts.truncated
    assert 0.02 < facts.brightness < 0.9
    assert 0.02 < facts.contrast < 0.5
    assert facts.fingerprint.any()
    assert len(facts.digest) == 64


def test_facts_of_a_dicom_file(tmp_path):
    path = tmp_path / "film.dcm"
    path.write_bytes(phantom_to_dicom(draw_phantom(5, "leg", True, (200, 160))))
    facts = file_facts.inspect_file(path)
    assert facts.kind.startswith("DICOM")
    assert facts.quality.state is not QualityState.REFUSE


def test_unreadable_file_has_an_error_message(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("text")
    facts = file_facts.inspect_file(bad)
    assert not facts.readable
    assert "text file" in facts.error
    assert not facts.fingerprint.any()
    missing = file_facts.inspect_file(tmp_path / "gone.png")
    assert (missing.digest, missing.size) == ("", 0)
    assert "cannot be opened" in missing.error


def test_identical_files_are_decoded_once(tmp_path, monkeypatch):
    paths = [save_image(tmp_path / f"{k}.png", small_phantom(k % 2, False)) for k in range(6)]
    decoded = []
    read = file_facts.read_radiograph
    monkeypatch.setattr(file_facts, "read_radiograph", lambda data: decoded.append(1) or read(data))
    progress_calls = []
    file_facts_list = file_facts.inspect_files(paths, lambda *arguments: progress_calls.append(arguments))
    assert [facts.digest for facts in file_facts_list] == [
        file_facts_list[0].digest,
        file_facts_list[1].digest,
    ] * 3
    assert len(decoded) == 2
    assert progress_calls == [("Reading files", k + 1, 6) for k in range(6)]


def test_letters_on_dark_background_are_markers():
    plain = np.full((200, 160), 30, np.uint8)
    assert count_markers(plain) == 0
    lettered = plain.copy()
    cv2.putText(lettered, "R", (120, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    cv2.putText(lettered, "L", (10, 180), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    assert count_markers(lettered) == 2
    # A white bone across the image, a speck and a letter on bright bone do not count.
    other = plain.copy()
    other[:, 60:100] = 255
    other[5, 5] = 255
    assert count_markers(other) == 0
    bright = np.full((200, 160), 180, np.uint8)
    cv2.putText(bright, "R", (60, 100), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    assert count_markers(bright) == 0


def test_marker_count_agrees_with_the_phantom():
    """Phantoms with and without a metal letter are distinguished in at least 90%."""
    level = DIFFICULTIES["realistic"]
    correct = 0
    for seed in range(30):
        technique = generate._scene(seed, "hand", None, (256, 200), level).technique
        pixels = draw_phantom(seed, "hand", None, (256, 200)).pixels
        count = count_markers(GreyHistogram.of(pixels / np.float32(255)).pixels)
        correct += (count > 0) == bool(technique.marker)
    assert correct >= 27


@pytest.mark.parametrize("frame", [0, 10, 40])
def test_empty_frame_is_measured(frame):
    rng = np.random.default_rng(0)
    pixels = np.zeros((200, 160), np.uint8)
    pixels[frame : 200 - frame, frame : 160 - frame] = rng.integers(
        0, 255, (200 - 2 * frame, 160 - 2 * frame)
    )
    inside = (200 - 2 * frame) * (160 - 2 * frame) / (200 * 160)
    assert empty_frame_share(pixels) == pytest.approx(1 - inside, abs=0.01)


def test_empty_image_is_all_frame():
    assert empty_frame_share(np.full((50, 40), 7, np.uint8)) == 1.0
