"""A person who does not exist, as the patient of a film."""

import io

from pydicom import dcmread

from fracture_core.phantom import draw_phantom, phantom_to_dicom

#: What must stand in no report, picture or table.
PERSON = {
    "PatientName": "Doe^Jane",
    "PatientID": "ID-4711",
    "PatientBirthDate": "19510203",
    "AccessionNumber": "ACC-0815",
    "StudyID": "STUDY-99",
    "ReferringPhysicianName": "Holmes^Sherlock",
    "StudyDescription": "Lower leg of Jane",
}

#: Words of it that nothing else holds.
WORDS = ("Doe", "Jane", "4711", "1951", "0815", "STUDY-99", "Holmes", "Sherlock")


def changed(content: bytes, **elements: object) -> bytes:
    """A DICOM file with other elements; None takes one away."""
    dataset = dcmread(io.BytesIO(content))
    for keyword, value in elements.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            del dataset[keyword]
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def under_a_name(content: bytes) -> bytes:
    """A synthetic DICOM film under the name of that person."""
    person = {**PERSON, "PatientSex": "F", "StudyDate": "20260102", "StudyTime": "101112"}
    return changed(content, PatientIdentityRemoved=None, DeidentificationMethod=None, **person)


def film_of(patient: str, study: str, seed: int = 1, **elements: object) -> bytes:
    """A phantom leg as DICOM of one made-up patient and study.

    Args:
        patient: Patient ID.
        study: the last part of the Study Instance UID.
        seed: of the phantom; the same seed shows the same bones.
        elements: other elements; None takes one away.
    """
    content = phantom_to_dicom(draw_phantom(seed, "leg", seed % 2 == 1, (400, 320)), patient)
    return changed(content, **{"StudyInstanceUID": f"1.2.826.0.1.{study}", **elements})
