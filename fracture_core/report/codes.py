"""The coded words of a structured report.

Codes of SNOMED CT and of DICOM PS3.16; where neither has what we say, a code of our own under a private designator, as
PS3.16 section 8.2 provides.
"""

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from fracture_core.vocabulary import Verdict

CODING_SCHEME = "99SECONDLOOK"

#: What a model looks for, by its name in `vocabulary.FINDINGS`.
FINDING_CODES = {
    "fracture": Code("125605004", "SCT", "Fracture of bone"),
    "abnormality": codes.SCT.MorphologicallyAbnormalStructure,
}

VERDICT_CODES = {
    Verdict.SUSPECTED: codes.SCT.Suspected,
    Verdict.UNCERTAIN: Code("64957009", "SCT", "Uncertain"),
    Verdict.NOT_SEEN: Code("47492008", "SCT", "Not seen"),
}

#: Body regions by their name in `vocabulary.REGIONS`; a film of the leg may show any part of it.
REGION_CODES = {
    "hand": codes.SCT.Hand,
    "leg": codes.SCT.LowerLimb,
    "hip": codes.SCT.Hip,
    "shoulder": codes.SCT.Shoulder,
}

PROCEDURE_CODE = codes.cid100.XRUnspecifiedBodyRegion
PROBABILITY_CODE = codes.DCM.Probability
PERCENT_CODE = codes.UCUM.Percent
EVIDENCE_CODE = Code("evidence", CODING_SCHEME, "Evidence used by the model")
