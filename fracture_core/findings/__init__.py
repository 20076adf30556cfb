"""Findings: boxes around suspected fractures, each with a calibrated confidence."""

from fracture_core.findings.candidates import Candidate, find_candidates
from fracture_core.findings.finding import Finding, FindingGrade
from fracture_core.findings.finding_settings import FindingSettings

__all__ = ["Candidate", "Finding", "FindingGrade", "FindingSettings", "find_candidates"]
