"""Audit: how far a data set can be trusted, in sentences, tables and files."""

from fracture_core.data.audit.audit import Audit, audit
from fracture_core.data.audit.finding import Finding, Level
from fracture_core.data.audit.mend import Mended, mend

__all__ = ["Audit", "Finding", "Level", "Mended", "audit", "mend"]
