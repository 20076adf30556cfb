"""The coded words of a structured report.

Codes of SNOMED CT and of DICOM PS3.16; where neither has what we say, a code of our own under a private designator, as
PS3.16 section 8.2 provides.
"""

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from fracture_core.words import Verdict

OWN = "99SECONDLOOK"

#: What a model looks for, by its name in `words.FINDINGS`.
FINDINGS = {
    "fracture": Code("125605004", "SCT", "Fracture of bone"),
    "abnormality": codes.SCT.MorphologicallyAbnormalStructure,
}

VERDICTS = {
    Verdict.SUSPECTED: codes.SCT.Suspected,
    Verdict.UNCERTAIN: Code("64957009", "SCT", "Uncertain"),
    Verdict.NOT_SEEN: Code("47492008", "SCT", "Not seen"),
}

#: Body regions by their name in `words.REGIONS`; a film of the leg may show any part of it.
REGIONS = {
    "hand": codes.SCT.Hand,
    "leg": codes.SCT.LowerLimb,
    "hip": codes.SCT.Hip,
    "shoulder": codes.SCT.Shoulder,
}

PROCEDURE = codes.cid100.XRUnspecifiedBodyRegion
PROBABILITY = codes.DCM.Probability
PERCENT = codes.UCUM.Percent
EVIDENCE = Code("evidence", OWN, "Evidence used by the model")
