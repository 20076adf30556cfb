"""Findings: boxes around suspected fractures, each with a calibrated confidence."""

from fracture_core.findings.candidates import Candidate, find_candidates
from fracture_core.findings.finding import Finding, FindingGrade
from fracture_core.findings.finding_settings import FindingSettings
from fracture_core.findings.findings_record import FindingsRecord, GradeRecord, measure_findings

__all__ = [
    "Candidate",
    "Finding",
    "FindingGrade",
    "FindingSettings",
    "FindingsRecord",
    "GradeRecord",
    "find_candidates",
    "measure_findings",
]
