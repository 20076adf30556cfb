"""Headers that place an image outside the scope of a model."""

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from test_dicom import VALUES

from fracture_core.errors import ImageReadError
from fracture_core.imaging import QualityState, check_quality, read_radiograph
from fracture_core.imaging.scope import find_body_part, find_coded_body_part, out_of_scope_reasons

REGIONS = ("hand", "leg", "hip", "shoulder")


def _reasons(term: str, regions: tuple[str, ...] = REGIONS) -> tuple[str, ...]:
    part = find_body_part(term)
    return out_of_scope_reasons([part] if part else [], "", regions)


@pytest.mark.parametrize(
    "term",
    [
        "HAND", "hand ", "LEFT HAND", "HAND PA", "FINGER", "THUMB", "WRIST", "WRISTJOINT", "FOREARM", "ELBOW", "ARM",
        "HUMERUS", "SHOULDER", "CLAVICLE", "SCAPULA", "AC JOINT", "HIP", "PELVIS", "FEMUR", "THIGH", "KNEE", "PATELLA",
        "LEG", "TIBIA", "LOWER LEG", "ANKLE", "FOOT", "TOE", "CALCANEUS", "EXTREMITY", "LOWER_EXTREMITY",
        "Neck of femur", "HEAD OF HUMERUS", "Foot/Ankle",
    ],
)  # fmt: skip
def test_limbs_are_in_scope(term):
    assert find_body_part(term) is not None
    assert _reasons(term) == ()


@pytest.mark.parametrize(
    "term",
    [
        "CHEST", "THORAX", "SKULL", "HEAD", "NECK", "SPINE", "CSPINE", "C-SPINE", "T SPINE", "Thoracic spine",
        "LSPINE", "SSPINE", "ABDOMEN", "Abdomen and Pelvis", "BREAST", "RIB", "RIBS", "STERNUM", "JAW", "TEETH", "FACE",
        "ORBIT", "HEART", "LIVER", "KIDNEY", "WHOLEBODY", "SI JOINT", "Femoral artery", "Chest and hand", "Schädel",
        "COCCYX", "Facial bones", "CHESTABDPELVIS",
    ],
)  # fmt: skip
def test_other_parts_are_out_of_scope(term):
    (reason,) = _reasons(term)
    assert reason.startswith("Out of scope: the DICOM header gives the body part as ")
    assert "hand, leg, hip and shoulder" in reason


@pytest.mark.parametrize("term", ["", " ", "UNKNOWN", "OTHER", "JOINT", "Doe Jane", "?", "12"])
def test_unknown_term_gives_no_reason(term):
    assert find_body_part(term) is None


def test_scope_depends_on_the_card():
    assert _reasons("FOOT", ("hand",))
    assert _reasons("WRIST", ("wrist",)) == ()
    assert _reasons("HAND", ("wrist",))
    # Without regions in the card, all regions of the program count as covered.
    assert _reasons("CHEST", ())
    assert _reasons("HAND", ()) == ()


def test_every_region_has_a_term():
    for region in REGIONS:
        assert _reasons(region, (region,)) == ()


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "NM", "PT"])
def test_other_modalities_are_out_of_scope(modality):
    (reason,) = out_of_scope_reasons([], modality, REGIONS)
    assert f"({modality})" in reason


@pytest.mark.parametrize("modality", ["CR", "DX", "", "QQ"])
def test_radiographs_and_unknown_modalities_give_no_reason(modality):
    assert out_of_scope_reasons([], modality, REGIONS) == ()


def test_codes_are_mapped_to_body_parts():
    assert find_coded_body_part("85562004", "SCT", "").name == "hand"
    assert find_coded_body_part("0000", "99LOCAL", "Left knee").name == "knee"
    assert find_coded_body_part("0000", "99LOCAL", "Doe Jane") is None
    # The older form of SNOMED codes.
    assert find_coded_body_part("T-D8700", "SRT", "Hand").name == "hand"


def _coded(value: str, meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return Sequence([item])


@pytest.mark.parametrize(
    ("elements", "outside"),
    [
        ({}, False),
        ({"BodyPartExamined": ""}, False),
        ({"BodyPartExamined": "HAND"}, False),
        ({"BodyPartExamined": "SKULL"}, True),
        ({"AnatomicRegionSequence": _coded("69536005", "Head")}, True),
        ({"AnatomicRegionSequence": _coded("72696002", "Knee")}, False),
        ({"BodyPartExamined": "HAND", "AnatomicRegionSequence": _coded("51185008", "Chest")}, True),
        ({"Modality": "MG"}, True),
        ({"Modality": "CT"}, True),
    ],
)
def test_scope_is_read_from_the_header(make_dicom, elements, outside):
    quality = check_quality(
        read_radiograph(make_dicom(VALUES, **elements), any_modality=True), regions=REGIONS
    )
    if quality.state is not QualityState.REFUSE:  # the tiny image may be refused for its size
        assert quality.out_of_scope == outside
    film = read_radiograph(make_dicom(VALUES, **elements), any_modality=True)
    assert bool(out_of_scope_reasons(film.body_parts, film.other_modality, REGIONS)) == outside


def test_header_text_is_never_displayed(make_dicom):
    film = read_radiograph(make_dicom(VALUES, BodyPartExamined="CHEST DOE JANE"))
    (reason,) = out_of_scope_reasons(film.body_parts, "", REGIONS)
    assert "DOE" not in reason.upper()


def test_slices_are_rejected_by_default(make_dicom):
    with pytest.raises(ImageReadError, match="a CT slice"):
        read_radiograph(make_dicom(VALUES, Modality="CT"))
    assert read_radiograph(make_dicom(VALUES, Modality="MG")).other_modality == "MG"
