"""The opinion as a DICOM structured report: TID 1500 “Measurement Report” (PS3.16) in a Comprehensive SR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom
import numpy as np
from highdicom import sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from fracture_core import __version__
from fracture_core.report import codes as ours
from fracture_core.report import sentences
from fracture_core.report.contours import strong_contours
from fracture_core.report.dicom_source import CHARACTER_SET
from fracture_core.report.equipment import EQUIPMENT_ATTRIBUTES, MANUFACTURER

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.registry.card import ModelCard
    from fracture_core.report.dicom_source import DicomSource

_SERIES = 902

# More areas than a reader would look at.
_AREAS = 5


def structured_report(opinion: Opinion, source: DicomSource, region: str) -> Dataset:
    """The report, complete and not verified, in a new series; of the patient it holds nothing yet.

    Args:
        opinion: with a verdict.
        source: of the film.
        region: of the body, "" where it is not known.
    """
    reference = source.reference
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=_observer(opinion.card)),
        procedure_reported=ours.PROCEDURE_CODE,
        imaging_measurements=[_verdict(opinion, reference, region), *_places(opinion, reference)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return sr.ComprehensiveSR(
        evidence=[reference],
        content=content[0],
        series_instance_uid=highdicom.UID(),
        series_number=_SERIES,
        series_description="Second Look report, no diagnosis",
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        specific_character_set=CHARACTER_SET,
        coding_schemes=[CodingSchemeIdentificationItem(ours.CODING_SCHEME, name="Second Look")],
        **EQUIPMENT_ATTRIBUTES,
    )


def _observer(card: ModelCard) -> sr.ObserverContext:
    """The model; its UID is made from its weights (PS3.5 B.2)."""
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


def _verdict(opinion: Opinion, film: Dataset, region: str) -> sr.MeasurementsAndQualitativeEvaluations:
    """Probability and verdict on the whole film (TID 1501)."""
    card = opinion.card
    assert opinion.probability is not None
    assert opinion.verdict is not None
    finding = ours.FINDING_CODES[card.finding]
    outside = opinion.gate.out_of_scope
    # The model tells apart the regions that it knows, of which an image out of scope shows none.
    known = region in ours.REGION_CODES and not outside
    sites = [sr.FindingSite(anatomic_location=ours.REGION_CODES[region])] if known else None
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(highdicom.UID(), "Whole film"),
        finding_type=finding,
        finding_sites=sites,
        algorithm_id=_algorithm(card),
        measurements=[
            sr.Measurement(ours.PROBABILITY_CODE, round(100 * opinion.probability, 2), ours.PERCENT_CODE),
        ],
        qualitative_evaluations=[sr.QualitativeEvaluation(finding, ours.VERDICT_CODES[opinion.verdict])],
        source_images=[sr.SourceImageForMeasurementGroup(film.SOPClassUID, film.SOPInstanceUID)],
    )
    found = card.test_summary(region)
    record = " ".join(sentences.region_record_text(found, region, card)) if found else sentences.NO_RECORD
    measured = [sentences.NO_RECORD_OUT_OF_SCOPE] if outside else [sentences.verdict_meaning(opinion), record]
    said = [
        f"{sentences.verdict_headline(opinion)}.",
        *opinion.gate.reasons,
        *measured,
        *card.limits,
        sentences.CLINICIAN_NOTICE,
    ]
    comment = sr.TextContentItem(
        codes.DCM.Comment, " ".join(filter(None, said)), sr.RelationshipTypeValues.CONTAINS
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


def _places(opinion: Opinion, film: Dataset) -> list[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    """Where the model looked: lines around the strong areas and the strongest point (TID 1410)."""
    heat = opinion.heat
    if heat is None:
        return []
    # A closed line ends where it began (PS3.3 C.10.5.1.2).
    shapes = [
        (f"Strong evidence {number}", "POLYLINE", np.concatenate([line, line[:1]]))
        for number, line in enumerate(strong_contours(heat)[:_AREAS], 1)
    ]
    peak = heat.peak()
    if peak is not None:
        # The middle of the pixel; its corner is what whole numbers name.
        shapes.insert(0, ("Strongest point", "POINT", np.array([peak]) + 0.5))
    return [
        sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(highdicom.UID(), name),
            referenced_region=sr.ImageRegion(
                kind,
                opinion.film.to_file(points),
                sr.SourceImageForRegion(film.SOPClassUID, film.SOPInstanceUID),
            ),
            finding_type=ours.EVIDENCE_CODE,
            algorithm_id=_algorithm(opinion.card),
        )
        for name, kind, points in shapes
    ]
