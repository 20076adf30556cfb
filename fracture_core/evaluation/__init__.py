"""Evaluation: intervals, metrics, calibration, thresholds, prediction tables and error cases.

`plots` is not imported here, so that nothing loads matplotlib before a figure is wanted.
"""

from fracture_core.evaluation.calibration import Platt
from fracture_core.evaluation.confusion import Confusion, confusion
from fracture_core.evaluation.coverage import Coverage, coverage, coverage_by_region, verdict_coverage
from fracture_core.evaluation.curves import PrPoints, RocPoints, pr_points, roc_points
from fracture_core.evaluation.decision_curve import DecisionCurve, benefit_of_all, decision_curve, net_benefit
from fracture_core.evaluation.error_cases import (
    CORRECT,
    FALSE_ALARM,
    KINDS,
    MISSED,
    error_kind,
    has_region,
    list_errors,
    with_errors,
)
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.metrics import Summary, by_region, summarise
from fracture_core.evaluation.predictive_values import PredictiveValues, predictive_values
from fracture_core.evaluation.reliability import Reliability, reliability_points
from fracture_core.evaluation.slice import members_of
from fracture_core.evaluation.slice_sentences import sentences
from fracture_core.evaluation.slices import Slices, find_slices
from fracture_core.evaluation.three_state import ThreeState, three_state
from fracture_core.evaluation.thresholds import VERDICTS, Thresholds

__all__ = [
    "CORRECT",
    "FALSE_ALARM",
    "KINDS",
    "MISSED",
    "VERDICTS",
    "Confusion",
    "Coverage",
    "DecisionCurve",
    "Interval",
    "Platt",
    "PrPoints",
    "PredictiveValues",
    "Reliability",
    "RocPoints",
    "Slices",
    "Summary",
    "ThreeState",
    "Thresholds",
    "benefit_of_all",
    "by_region",
    "confusion",
    "coverage",
    "coverage_by_region",
    "decision_curve",
    "error_kind",
    "find_slices",
    "has_region",
    "list_errors",
    "members_of",
    "net_benefit",
    "pr_points",
    "predictive_values",
    "reliability_points",
    "roc_points",
    "sentences",
    "summarise",
    "three_state",
    "verdict_coverage",
    "with_errors",
]
