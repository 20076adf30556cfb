"""The opinion as a DICOM structured report: TID 1500 “Measurement Report” (PS3.16) in a Comprehensive SR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom
import numpy as np
from highdicom import sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from fracture_core import __version__
from fracture_core.findings import Finding, FindingGrade
from fracture_core.report import sentences
from fracture_core.report.dicom_source import CHARACTER_SET, EQUIPMENT_ATTRIBUTES, MANUFACTURER
from fracture_core.report.overlay import strong_contours
from fracture_core.vocabulary import Verdict

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.registry.card import ModelCard
    from fracture_core.report.dicom_source import DicomSource

# Codes are those of SNOMED CT and DICOM. A private scheme holds the others (PS3.16 section 8.2).
_CODING_SCHEME = "99SECONDLOOK"

# Codes of findings, by their name in `vocabulary.FINDINGS`.
_FINDING_CODES = {
    "fracture": Code("125605004", "SCT", "Fracture of bone"),
    "abnormality": codes.SCT.MorphologicallyAbnormalStructure,
}

_VERDICT_CODES = {
    Verdict.SUSPECTED: codes.SCT.Suspected,
    Verdict.UNCERTAIN: Code("64957009", "SCT", "Uncertain"),
    Verdict.NOT_SEEN: Code("47492008", "SCT", "Not seen"),
}

# Codes of body regions, by their name in `vocabulary.REGIONS`. An image of the leg may show any part of it.
_REGION_CODES = {
    "hand": codes.SCT.Hand,
    "leg": codes.SCT.LowerLimb,
    "hip": codes.SCT.Hip,
    "shoulder": codes.SCT.Shoulder,
}

# How certain a finding is.
_GRADE_NAME = Code("246103008", "SCT", "Certainty")
_GRADE_CODES = {
    FindingGrade.DEFINITE: Code("255545003", "SCT", "Definite"),
    FindingGrade.POSSIBLE: Code("371930009", "SCT", "Possible"),
}

_EVIDENCE_CODE = Code("evidence", _CODING_SCHEME, "Evidence used by the model")

_SERIES_NUMBER = 902

# Areas of strong evidence in a report; readers do not look at more.
_MAX_AREAS = 5


def structured_report(opinion: Opinion, source: DicomSource, region: str) -> Dataset:
    """Make the complete, unverified report in a new series, still without patient attributes.

    Args:
        opinion: an opinion with a verdict.
        source: attributes of the image.
        region: body region; "" if unknown.
    """
    reference = source.reference
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=_observer(opinion.card)),
        procedure_reported=codes.cid100.XRUnspecifiedBodyRegion,
        imaging_measurements=[
            _whole_image_group(opinion, reference, region),
            *_finding_groups(opinion, reference),
            *_evidence_groups(opinion, reference),
        ],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return sr.ComprehensiveSR(
        evidence=[reference],
        content=content[0],
        series_instance_uid=highdicom.UID(),
        series_number=_SERIES_NUMBER,
        series_description="Second Look report, no diagnosis",
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        specific_character_set=CHARACTER_SET,
        coding_schemes=[CodingSchemeIdentificationItem(_CODING_SCHEME, name="Second Look")],
        **EQUIPMENT_ATTRIBUTES,
    )


def _observer(card: ModelCard) -> sr.ObserverContext:
    """The model. Its UID is derived from the hash of its weights (PS3.5 B.2)."""
    return sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=f"2.25.{int(card.weights.sha256[:32], 16)}",
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=card.id,
            serial_number=card.weights.sha256,
        ),
    )


def _whole_image_group(
    opinion: Opinion, reference: Dataset, region: str
) -> sr.MeasurementsAndQualitativeEvaluations:
    """Probability and verdict on the whole image (TID 1501)."""
    card = opinion.card
    assert opinion.probability is not None
    assert opinion.verdict is not None
    finding = _FINDING_CODES[card.finding]
    out_of_scope = opinion.gate.out_of_scope
    # The region head knows only regions within the scope.
    has_site = region in _REGION_CODES and not out_of_scope
    sites = [sr.FindingSite(anatomic_location=_REGION_CODES[region])] if has_site else None
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(highdicom.UID(), "Whole image"),
        finding_type=finding,
        finding_sites=sites,
        algorithm_id=_algorithm(card),
        measurements=[
            sr.Measurement(codes.DCM.Probability, round(100 * opinion.probability, 2), codes.UCUM.Percent),
        ],
        qualitative_evaluations=[sr.QualitativeEvaluation(finding, _VERDICT_CODES[opinion.verdict])],
        source_images=[sr.SourceImageForMeasurementGroup(reference.SOPClassUID, reference.SOPInstanceUID)],
    )
    summary = card.test_summary(region)
    record = " ".join(sentences.region_record_text(summary, region, card)) if summary else sentences.NO_RECORD
    performance = (
        [sentences.NO_RECORD_OUT_OF_SCOPE] if out_of_scope else [sentences.verdict_meaning(opinion), record]
    )
    text = [
        f"{sentences.verdict_headline(opinion)}.",
        *opinion.gate.reasons,
        *performance,
        *card.limits,
        sentences.CLINICIAN_NOTICE,
    ]
    comment = sr.TextContentItem(
        codes.DCM.Comment, " ".join(filter(None, text)), sr.RelationshipTypeValues.CONTAINS
    )
    group[0].ContentSequence.append(comment)
    return group


def _algorithm(card: ModelCard) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(
        name=f"{MANUFACTURER}: {card.id}",
        version=__version__,
        parameters=[
            f"weights SHA-256 {card.weights.sha256}",
            f"thresholds {card.thresholds.low:.6f} and {card.thresholds.high:.6f}",
        ],
    )


def _finding_groups(
    opinion: Opinion, reference: Dataset
) -> list[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    """One group for each finding: its box, its confidence and its grade (TID 1410)."""
    fracture = _FINDING_CODES[opinion.card.finding]
    return [
        sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(highdicom.UID(), f"Finding {number}"),
            referenced_region=sr.ImageRegion(
                "POLYLINE",
                opinion.film.to_file(_box_outline(finding, opinion)),
                sr.SourceImageForRegion(reference.SOPClassUID, reference.SOPInstanceUID),
            ),
            finding_type=fracture,
            algorithm_id=_algorithm(opinion.card),
            measurements=[
                sr.Measurement(
                    codes.DCM.CertaintyOfFinding, round(100 * finding.confidence, 2), codes.UCUM.Percent
                )
            ],
            qualitative_evaluations=[sr.QualitativeEvaluation(_GRADE_NAME, _GRADE_CODES[finding.grade])],
        )
        for number, finding in enumerate(opinion.findings, 1)
    ]


def _box_outline(finding: Finding, opinion: Opinion) -> NDArray[np.float64]:
    """The corners of a box in image pixels; a closed polyline ends at its first point (PS3.3 C.10.5.1.2)."""
    left, top, right, bottom = finding.pixels(opinion.film.height, opinion.film.width)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]], float)


def _evidence_groups(
    opinion: Opinion, reference: Dataset
) -> list[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    """The strongest point and the contours of strong evidence (TID 1410)."""
    heat = opinion.heat
    if heat is None:
        return []
    # A closed polyline ends at its first point (PS3.3 C.10.5.1.2).
    shapes = [
        (f"Strong evidence {number}", "POLYLINE", np.concatenate([contour, contour[:1]]))
        for number, contour in enumerate(strong_contours(heat)[:_MAX_AREAS], 1)
    ]
    peak = heat.peak()
    if peak is not None:
        # Whole numbers name the corner of a pixel; its centre is half a pixel further.
        shapes.insert(0, ("Strongest point", "POINT", np.array([peak], np.float32) + np.float32(0.5)))
    return [
        sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(highdicom.UID(), name),
            referenced_region=sr.ImageRegion(
                graphic_type,
                opinion.film.to_file(points),
                sr.SourceImageForRegion(reference.SOPClassUID, reference.SOPInstanceUID),
            ),
            finding_type=_EVIDENCE_CODE,
            algorithm_id=_algorithm(opinion.card),
        )
        for name, graphic_type, points in shapes
    ]
