"""Real radiographs; none is in the repository."""

import io

import numpy as np
import pytest
from PIL import Image

from fracture_core.imaging import QualityState, check_quality, read_radiograph

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", ["RG3_J2KI", "RG3_J2KR"])
def test_tibia_is_bright_on_dark(real_data, name):
    film = read_radiograph(real_data / "dicom" / name)
    assert film.kind == "DICOM (CR)"
    assert film.pixels.shape == (1760, 1760)
    # Half-way down: cortical bone, and the air next to the leg.
    row = film.pixels[880]
    bone, air = row[650:1000].max(), np.median(row[480:640])
    assert air < 0.2
    assert bone > 0.5


def test_lossy_and_lossless_files_give_the_same_image(real_data):
    lossy, lossless = (read_radiograph(real_data / "dicom" / n).pixels for n in ("RG3_J2KI", "RG3_J2KR"))
    assert np.abs(lossy - lossless).mean() < 0.01


def test_chest_is_bright_on_dark(real_data):
    film = read_radiograph(real_data / "dicom" / "RG1_J2KI")
    assert film.pixels.shape == (1955, 1841)
    spine, lung = film.pixels[800:1200, 880:960], film.pixels[300:500, 500:700]
    assert np.median(spine) > np.median(lung) + 0.1


def test_photographs_are_refused(real_data):
    photographs = sorted((real_data / "gate").glob("*.jpg"))
    assert photographs
    for path in photographs:
        assert check_quality(read_radiograph(path)).state is QualityState.REFUSE, path.name


def test_truncated_images_are_read_with_a_warning(real_data):
    truncated = [
        path
        for path in sorted((real_data / "fracatlas" / "images").rglob("*.jpg"))
        if _is_truncated(path.read_bytes())
    ]
    assert len(truncated) > 40
    for path in truncated:
        film = read_radiograph(path)
        assert any("truncated" in warning for warning in film.warnings), path.name
        assert check_quality(film).state is QualityState.WARN, path.name


def _is_truncated(data: bytes) -> bool:
    if data.endswith(b"\xff\xd9"):
        return False
    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return True
    return False


def test_radiographs_pass_the_quality_check(real_data):
    paths = sorted((real_data / "fracatlas" / "images").rglob("*.jpg"))[::17]
    states = [check_quality(film).state for film in map(read_radiograph, paths) if not film.warnings]
    assert len(states) > 150
    assert QualityState.REFUSE not in states
    assert states.count(QualityState.PASS) >= 0.97 * len(states)


def test_chest_is_out_of_scope(real_data):
    chest, tibia = (
        check_quality(read_radiograph(real_data / "dicom" / name)) for name in ("RG1_J2KI", "RG3_J2KI")
    )
    assert chest.out_of_scope
    assert any("chest" in reason for reason in chest.reasons)
    assert not tibia.out_of_scope
