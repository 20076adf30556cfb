"""Evaluation: intervals, metrics, calibration, thresholds, prediction tables and error cases.

`plots` is not imported here and functions import scikit-learn where they use it: both take a second or more to load,
and a model card or a page needs neither.
"""

from fracture_core.evaluation.calibration import PlattCalibration
from fracture_core.evaluation.confusion import Confusion, count_confusion
from fracture_core.evaluation.coverage import (
    VerdictCoverage,
    coverage_of_predictions,
    measure_coverage,
    measure_coverage_by_region,
)
from fracture_core.evaluation.curves import (
    PrecisionRecallCurve,
    RocCurve,
    compute_precision_recall_curve,
    compute_roc_curve,
)
from fracture_core.evaluation.decision_curve import (
    DecisionCurve,
    compute_decision_curve,
    net_benefit,
    net_benefit_of_all,
)
from fracture_core.evaluation.error_cases import (
    CORRECT,
    ERROR_KINDS,
    FALSE_ALARM,
    MISSED,
    add_error_columns,
    classify_decisions,
    has_region,
    list_errors,
)
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.metrics import Summary, summarise, summarise_by_region
from fracture_core.evaluation.predictive_values import PredictiveValues, compute_predictive_values
from fracture_core.evaluation.reliability import ReliabilityCurve, compute_reliability_curve
from fracture_core.evaluation.subgroup import subgroup_members
from fracture_core.evaluation.subgroup_analysis import SubgroupAnalysis, analyse_subgroups
from fracture_core.evaluation.subgroup_sentences import subgroup_sentences
from fracture_core.evaluation.thresholds import VERDICTS, Thresholds
from fracture_core.evaluation.verdict_counts import VerdictCounts, count_verdicts

__all__ = [
    "CORRECT",
    "ERROR_KINDS",
    "FALSE_ALARM",
    "MISSED",
    "VERDICTS",
    "Confusion",
    "DecisionCurve",
    "Interval",
    "PlattCalibration",
    "PrecisionRecallCurve",
    "PredictiveValues",
    "ReliabilityCurve",
    "RocCurve",
    "SubgroupAnalysis",
    "Summary",
    "Thresholds",
    "VerdictCounts",
    "VerdictCoverage",
    "add_error_columns",
    "analyse_subgroups",
    "classify_decisions",
    "compute_decision_curve",
    "compute_precision_recall_curve",
    "compute_predictive_values",
    "compute_reliability_curve",
    "compute_roc_curve",
    "count_confusion",
    "count_verdicts",
    "coverage_of_predictions",
    "has_region",
    "list_errors",
    "measure_coverage",
    "measure_coverage_by_region",
    "net_benefit",
    "net_benefit_of_all",
    "subgroup_members",
    "subgroup_sentences",
    "summarise",
    "summarise_by_region",
]
