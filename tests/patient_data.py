"""DICOM files with the data of an invented patient."""

import io

from pydicom import dcmread

from fracture_core.phantom import draw_phantom, phantom_to_dicom

#: Values that no report, image or table may contain.
PERSON = {
    "PatientName": "Doe^Jane",
    "PatientID": "ID-4711",
    "PatientBirthDate": "19510203",
    "AccessionNumber": "ACC-0815",
    "StudyID": "STUDY-99",
    "ReferringPhysicianName": "Holmes^Sherlock",
    "StudyDescription": "Lower leg of Jane",
}

#: Parts of these values that occur nowhere else.
IDENTIFYING_TEXTS = ("Doe", "Jane", "4711", "1951", "0815", "STUDY-99", "Holmes", "Sherlock")


def change_elements(content: bytes, **elements: object) -> bytes:
    """Change elements of a DICOM file; None removes one."""
    dataset = dcmread(io.BytesIO(content))
    for keyword, value in elements.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            del dataset[keyword]
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def add_patient(content: bytes) -> bytes:
    """Add the invented patient to a synthetic DICOM file."""
    person = {**PERSON, "PatientSex": "F", "StudyDate": "20260102", "StudyTime": "101112"}
    return change_elements(content, PatientIdentityRemoved=None, DeidentificationMethod=None, **person)


def make_patient_image(patient: str, study: str, seed: int = 1, **elements: object) -> bytes:
    """Make a phantom leg as a DICOM file of an invented patient and study.

    Args:
        patient: Patient ID.
        study: the last part of the Study Instance UID.
        seed: seed of the phantom; the same seed gives the same image.
        elements: further elements; None removes one.
    """
    content = phantom_to_dicom(draw_phantom(seed, "leg", seed % 2 == 1, (400, 320)), patient)
    return change_elements(content, **{"StudyInstanceUID": f"1.2.826.0.1.{study}", **elements})
