"""Scope of a model: body parts and modalities in DICOM headers that the model does not cover.

The header is the only information about the content of an image before the model has run. A header without a body
part, or with one that neither this table nor the DICOM standard contains, gives no information about the scope.

Sources: Body Part Examined (0018,0015) with the terms of PS3.16 Annex L; Anatomic Region Sequence (0008,2218) with
the codes of PS3.16 CID 4; Modality (0008,0060) with the terms of PS3.3 C.7.3.1.1.1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from fracture_core.vocabulary import REGIONS

if TYPE_CHECKING:
    from pydicom.sr.coding import Code

#: Modalities that are plain radiographs.
PLAIN_MODALITIES = frozenset({"CR", "DX", "RG"})

#: Modalities that no model covers, with their names for display. Such images are not radiographs of limbs.
OTHER_MODALITIES = {
    "AR": "an autorefraction",
    "BDUS": "an ultrasound image",
    "BI": "a biomagnetic image",
    "BMD": "a bone density record",
    "CT": "a CT slice",
    "DG": "a diaphanography image",
    "ECG": "an ECG",
    "EPS": "an electrophysiology record",
    "ES": "an endoscopy image",
    "GM": "a microscopy image",
    "IO": "an intra-oral image",
    "IVOCT": "an optical coherence tomogram",
    "IVUS": "an ultrasound image",
    "MG": "a mammogram",
    "MR": "an MR slice",
    "NM": "a nuclear medicine image",
    "OCT": "an optical coherence tomogram",
    "OP": "an eye image",
    "OPM": "an eye image",
    "OPT": "an eye image",
    "PT": "a PET slice",
    "PX": "a dental panoramic image",
    "RTDOSE": "a radiotherapy dose map",
    "RTIMAGE": "a radiotherapy image",
    "SM": "a microscopy image",
    "ST": "a nuclear medicine image",
    "TG": "a thermography image",
    "US": "an ultrasound image",
    "XC": "a photograph",
}

_UPPER = ("hand", "finger", "wrist", "forearm", "elbow", "humerus", "shoulder")
_LOWER = ("leg", "foot", "ankle", "knee", "femur", "hip")

# Body parts that belong to a region: name, regions of model cards that contain it, and the terms for it.
# FracAtlas has four regions. Its *hand* images show the upper limb from the fingertips to above the
# elbow, its *leg* images the lower limb from the toes to above the knee, its *hip* images the pelvis with both hips,
# and its *shoulder* images the shoulder girdle with the upper arm (docs/decisions.md).
_INSIDE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("hand", (), "HAND HANDS METACARPAL METACARPALS METACARPUS MAIN MANO MITTELHAND"),
    (
        "finger",
        ("hand",),
        "FINGER FINGERS THUMB THUMBS PHALANX PHALANGES DIGIT DIGITS DAUMEN DOIGT DEDO POUCE",
    ),
    (
        "wrist",
        ("hand",),
        "WRIST WRISTS WRISTJOINT CARPUS CARPAL CARPALS SCAPHOID NAVICULAR HANDGELENK POIGNET MUNECA",
    ),
    (
        "forearm",
        ("hand",),
        "FOREARM FOREARMS FOREARMBONE RADIUS RADIAL ULNA ULNAR LOWERARM UNTERARM AVANTBRAS ANTEBRAZO",
    ),
    (
        "elbow",
        ("hand",),
        "ELBOW ELBOWS ELBOWJOINT OLECRANON ELLENBOGEN ELLBOGEN COUDE CODO",
    ),
    (
        "humerus",
        ("hand", "shoulder"),
        "HUMERUS HUMERAL HUMERI UPPERARM ARM ARMS OBERARM",
    ),
    (
        "shoulder",
        (),
        "SHOULDER SHOULDERS SHOULDERGIRDLE GLENOHUMERAL CLAVICLE CLAVICLES COLLARBONE SCAPULA SCAPULAE ACJOINT "
        "ACROMIOCLAVICULARJOINT ACROMIOCLAVICULAR ACROMION GLENOID SCHULTER KLAVIKULA CLAVICULA EPAULE HOMBRO",
    ),
    (
        "upper limb",
        _UPPER,
        "UPPERLIMB UPPEREXTREMITY UPPEREXTREMITIES UPEXM BONEOFUPPERLIMB",
    ),
    ("hip", (), "HIP HIPS HIPJOINT ACETABULUM FEMORALNECK FEMORALHEAD HUEFTE HUFTE HANCHE CADERA"),
    (
        "pelvis",
        ("hip",),
        "PELVIS PELVIC PELVICBONE PUBIS ISCHIUM ILIUM BECKEN BASSIN PELVISANDLOWEREXTREMITIES",
    ),
    ("leg", (), "LEG LEGS LOWERLEG TIBIA TIBIAL FIBULA FIBULAR TIBFIB UNTERSCHENKEL JAMBE PIERNA"),
    ("femur", ("leg", "hip"), "FEMUR FEMORAL FEMURS FEMORA THIGH UPPERLEG OBERSCHENKEL CUISSE FEMURO MUSLO"),
    ("knee", ("leg",), "KNEE KNEES KNEEJOINT PATELLA KNIE GENOU RODILLA"),
    ("ankle", ("leg",), "ANKLE ANKLES ANKLEJOINT MALLEOLUS SPRUNGGELENK OSG CHEVILLE TOBILLO"),
    (
        "foot",
        ("leg",),
        "FOOT FEET FOREFOOT MIDFOOT HINDFOOT TOE TOES HALLUX CALCANEUS CALCANEAL HEEL TALUS TARSUS TARSAL TARSALJOINT "
        "METATARSAL METATARSALS METATARSUS SESAMOIDBONESOFFOOT FUSS FUSZ VORFUSS PIED PIE",
    ),
    ("lower limb", _LOWER, "LOWERLIMB LOWEREXTREMITY LOWEREXTREMITIES LOWEXM BONEOFLOWERLIMB LONGLEG"),
    ("limb", (*_UPPER, *_LOWER), "LIMB EXTREMITY EXTREMITIES EXTREMITAET EXTREMITAT"),
)

# Body parts outside all regions, by their names for display. Further terms come from the standard's list of anatomic
# regions in pydicom (`_standard_terms`).
_OUTSIDE = {
    "abdomen": "ABDOMEN ABDOMINAL ABD KUB BELLY BAUCH",
    "abdomen and pelvis": "ABDOMENPELVIS ABDOMENANDPELVIS ABDPELVIS",
    "back": "BACK DORSUM",
    "breast": "BREAST BREASTS MAMMA MAMMARY",
    "chest": "CHEST THORAX THORACIC THORAXPA LUNG LUNGS PULMONARY CXR TORAX BRUSTKORB POITRINE PECHO",
    "chest and abdomen": "CHESTABDOMEN CHESTANDABDOMEN CHESTABDPELVIS CHESTABDOMENPELVIS NECKCHESTABDPELV TRUNK",
    "cervical spine": "CSPINE CERVICALSPINE CERVICAL HWS CERVICOTHORACIC CTSPINE",
    "coccyx": "COCCYX COCCYGEAL STEISSBEIN",
    "ear": "EAR EARS MASTOID MASTOIDS IAC PETROUS",
    "eye": "EYE EYES ORBIT ORBITS OPTICCANAL ORBITA",
    "face": "FACE FACIAL FACIALBONES NASALBONE NASALBONES NOSE NASAL ZYGOMA SINUS SINUSES PARANASALSINUS MAXILLA CHEEK",
    "head": "HEAD CRANIUM CRANIAL BRAIN KOPF TETE CABEZA",
    "head and neck": "HEADNECK HEADANDNECK",
    "heart": "HEART CARDIAC CORONARY CORONARYARTERY AORTA",
    "jaw": "JAW MANDIBLE MANDIBULAR TMJ TMJOINT TEMPOROMANDIBULAR KIEFER UNTERKIEFER",
    "kidney": "KIDNEY KIDNEYS RENAL URETER BLADDER URINARY",
    "lumbar spine": "LSPINE LUMBARSPINE LUMBAR LWS LSSPINE LUMBOSACRAL TLSPINE THORACOLUMBAR",
    "neck": "NECK THROAT LARYNX PHARYNX TRACHEA HALS SOFTTISSUENECK",
    "rib": "RIB RIBS RIPPE RIPPEN COTES COSTILLAS",
    "sacroiliac joint": "SIJOINT SIJOINTS SACROILIAC SACROILIACJOINT ISG",
    "sacrum": "SACRUM SACRAL SSPINE SACROCOCCYGEALSPINE KREUZBEIN",
    "skull": "SKULL SELLA SELLATURCICA SCHAEDEL SCHADEL CRANE CRANEO",
    "spine": "SPINE SPINAL WHOLESPINE ENTIRESPINE VERTEBRA VERTEBRAE VERTEBRAL WIRBELSAEULE WIRBELSAULE COLUMNA",
    "sternoclavicular joint": "SCJOINT STERNOCLAVICULARJOINT STERNOCLAVICULAR",
    "sternum": "STERNUM STERNAL BREASTBONE",
    "stomach or bowel": "STOMACH GASTRIC COLON BOWEL RECTUM ESOPHAGUS OESOPHAGUS DUODENUM GITRACT",
    "teeth": "TEETH TOOTH DENTAL DENTITION ZAHN ZAEHNE",
    "thoracic spine": "TSPINE THORACICSPINE DSPINE DORSALSPINE BWS",
    "whole body": "WHOLEBODY ENTIREBODY FULLBODY",
}

# Words that name a part of a bone if a limb is named too: “neck of femur”, “head of radius”.
_PART_OF_A_BONE = frozenset({"head", "neck", "back"})

# Terms of the standard's list that are not body parts.
_UNSPECIFIC = frozenset({"JOINT", "INTRAARTICULAR", "PHANTOM", "LUMENOFBLOODVESSEL", "VENOUSNETWORK"})


@dataclass(frozen=True)
class BodyPart:
    """A body part in a DICOM header.

    Attributes:
        name: name for display, from the tables of this module or of the standard, never text of the header.
        regions: regions of model cards that contain it; empty for parts outside all regions.
    """

    name: str
    regions: frozenset[str]


def find_body_part(text: str) -> BodyPart | None:
    """Find the body part for a term.

    Args:
        text: Body Part Examined, or the code meaning of an anatomic region.

    Returns:
        The body part; None if the text is empty or contains no known part.

    Example:
        >>> find_body_part("LEFT WRIST").name
        'wrist'
    """
    words = re.findall("[A-Z]+", _plain_letters(re.sub("(?<=[a-z])(?=[A-Z])", " ", text)))
    words = [word for word in words if word not in _FILLERS]
    terms = _terms()
    whole = terms.get("".join(words))
    if whole is not None:
        return whole
    # Pairs of words are tried first, so that “thoracic spine, lateral” is not a thorax.
    pairs = [terms.get(first + second) for first, second in pairwise(words)]
    parts = [part for part in (*pairs, *(terms.get(word) for word in words)) if part is not None]
    inside = [part for part in parts if part.regions]
    if inside:
        outside = [part for part in parts if not part.regions and part.name not in _PART_OF_A_BONE]
        return (outside or inside)[0]
    return parts[0] if parts else None


def find_coded_body_part(value: str, scheme: str, meaning: str) -> BodyPart | None:
    """Find the body part for a coded anatomic region.

    Args:
        value: Code Value (0008,0100), from SNOMED CT or its older form SRT.
        scheme: Coding Scheme Designator (0008,0102).
        meaning: Code Meaning (0008,0104), used if the code is unknown.

    Returns:
        The body part; None if neither code nor meaning is a known part.
    """
    # Imported here, because pydicom's dictionary of codes is needed for DICOM images only.
    from pydicom.sr.coding import Code

    # pydicom compares codes across SCT and SRT.
    target = Code(value, scheme, meaning)
    keyword = next((keyword for keyword, code in _standard_codes().items() if code == target), "")
    return find_body_part(keyword) or find_body_part(meaning)


def out_of_scope_reasons(parts: Iterable[BodyPart], modality: str, regions: Sequence[str]) -> tuple[str, ...]:
    """State why an image is out of the scope of a model.

    Args:
        parts: body parts in the header of the image.
        modality: modality in the header, a code such as "CT"; empty if unknown.
        regions: body regions in the card of the model. If there are none, all regions of `vocabulary.REGIONS` count
            as covered.

    Returns:
        One sentence for each reason; empty for an image in scope.
    """
    covered = list(regions) or list(REGIONS)
    reasons = []
    if modality in OTHER_MODALITIES:
        reasons.append(
            f"Out of scope: the DICOM header states that this is {OTHER_MODALITIES[modality]} ({modality}). The model "
            "covers plain radiographs (CR, DX)."
        )
    outside = [part for part in parts if part.name not in covered and not part.regions & set(covered)]
    if outside:
        names = " and ".join(dict.fromkeys(part.name for part in outside))
        reasons.append(
            f"Out of scope: the DICOM header gives the body part as {names}. The model covers {_join_names(covered)}."
        )
    return tuple(reasons)


# Words that do not describe the body part itself: sides, views and connecting words.
_FILLERS = set(
    re.findall(
        r"\w+",
        "A ALL AND AP BILATERAL BONE BONES BOTH DER DES ENTIRE JOINT JOINTS LAT LATERAL LEFT LINKS OBLIQUE OF PA "
        "RECHTS REGION RIGHT ROUTINE STRUCTURE THE VIEW VIEWS XR XRAY",
    )
)


def _plain_letters(text: str) -> str:
    """Convert a text to capital letters without accents."""
    letters = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).upper()


@cache
def _terms() -> dict[str, BodyPart]:
    """All known terms, in capital letters without spaces."""
    terms = {term: BodyPart(name=name, regions=frozenset()) for term, name in _standard_terms().items()}
    for name, synonyms in _OUTSIDE.items():
        terms |= {term: BodyPart(name, frozenset()) for term in synonyms.split()}
    for name, parents, synonyms in _INSIDE:
        part = BodyPart(name, frozenset({name, *parents}))
        terms |= dict.fromkeys(synonyms.split(), part)
    # Filler words are removed from a text before the lookup, and therefore also from these terms.
    shortened = {
        short: part
        for term, part in terms.items()
        if (short := re.sub("(JOINT|BONES|BONE|REGION|STRUCTURE)$", "", term)) and short not in terms
    }
    return {term: part for term, part in (shortened | terms).items() if term not in _UNSPECIFIC}


@cache
def _standard_codes() -> dict[str, Code]:
    """Codes of the anatomic regions of PS3.16 CID 4, 4009, 4030 and 4031 by keyword, such as "CervicalSpine"."""
    from pydicom.sr.codedict import codes

    groups = (codes.cid4, codes.cid4009, codes.cid4030, codes.cid4031)
    return {keyword: getattr(group, keyword) for group in groups for keyword in sorted(group.dir())}


def _standard_terms() -> dict[str, str]:
    """Names of the standard's anatomic regions by term, also without side or view."""
    terms = {keyword.upper(): _split_keyword(keyword) for keyword in _standard_codes()}
    for name in list(terms.values()):
        short = "".join(word for word in _plain_letters(name).split() if word not in _FILLERS)
        terms.setdefault(short, name)
    terms.pop("", None)
    return terms


def _split_keyword(keyword: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", keyword).lower()


def _join_names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
