"""Dataset audit: leaks, duplicates, label problems, broken files and shortcuts, with a clean split as remedy."""

from fracture_core.audit.audit import Audit, audit_dataset
from fracture_core.audit.clean_split import CleanSplit, make_clean_split
from fracture_core.audit.finding import Finding, Level

__all__ = ["Audit", "CleanSplit", "Finding", "Level", "audit_dataset", "make_clean_split"]
