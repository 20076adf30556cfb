"""Export of phantoms as DICOM files."""

from hashlib import sha256

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from fracture_core.phantom.generate import Phantom


def _uid(text: str) -> UID:
    """Return a UID under the root 2.25 (DICOM PS3.5 B.2), derived deterministically from a text."""
    return UID(f"2.25.{int.from_bytes(sha256(text.encode()).digest()[:15], 'big')}")


def phantom_to_dicom(phantom: Phantom, patient_id: str = "SYNTHETIC") -> bytes:
    """Encode a phantom as an uncompressed DX image for presentation (DICOM PS3.3 A.26).

    The image has 12 bits, MONOCHROME2, a window over the full range and the pixel spacing. Names, UIDs and
    dates are made up or empty. Patient name and comments declare the image as synthetic.

    Args:
        phantom: the phantom.
        patient_id: Patient ID to write; it must not be that of a real person.

    Returns:
        The file content; identical for the same phantom and version of pydicom.
    """
    key = f"second look phantom {phantom.seed} {phantom.region} {phantom.kind} {phantom.raw.shape}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = _uid(key + sha256(phantom.raw.tobytes()).hexdigest())
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid("second look")

    data = Dataset()
    data.file_meta = meta
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ImageType = ["DERIVED", "PRIMARY", ""]
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyDate = data.ContentDate = data.StudyTime = data.ContentTime = data.AccessionNumber = ""
    data.AcquisitionDate = data.AcquisitionTime = ""
    data.Modality = "DX"
    data.PresentationIntentType = "FOR PRESENTATION"
    data.Manufacturer = "Second Look (synthetic)"
    data.ReferringPhysicianName = ""
    data.PatientName = "SYNTHETIC"
    data.PatientID = patient_id
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "Computed image of no person"
    data.BodyPartExamined = phantom.region.upper()
    data.ImageComments = "SYNTHETIC: computed image, shows no person"
    data.StudyInstanceUID = _uid(key + " study")
    data.SeriesInstanceUID = _uid(key + " series")
    data.StudyID = ""
    data.SeriesNumber = data.InstanceNumber = 1
    data.Laterality = data.ImageLaterality = phantom.side
    data.PatientOrientation = ["", ""]
    data.ViewPosition = "AP" if phantom.region in ("leg", "hip") else "PA"
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = phantom.raw.shape
    data.PixelSpacing = data.ImagerPixelSpacing = [f"{phantom.spacing:.6f}"] * 2
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelIntensityRelationship = "LOG"
    data.PixelIntensityRelationshipSign = 1
    data.WindowCenter, data.WindowWidth = "2048", "4096"
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = "0", "1", "US"
    data.PresentationLUTShape = "IDENTITY"
    data.LossyImageCompression = "00"
    data.BurnedInAnnotation = "NO"
    data.PixelData = phantom.raw.astype("<u2").tobytes()
    data["PixelData"].VR = "OW"
    buffer = DicomBytesIO()
    dcmwrite(buffer, data, enforce_file_format=True)
    return buffer.getvalue()
