"""Local acceptance test: is a model good enough on the user's own labelled images?"""

from fracture_core.acceptance.acceptance_test import AcceptanceTest, measure_acceptance
from fracture_core.acceptance.guaranteed_thresholds import GuaranteedThreshold, guarantee_thresholds

__all__ = ["AcceptanceTest", "GuaranteedThreshold", "guarantee_thresholds", "measure_acceptance"]
