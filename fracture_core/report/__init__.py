"""Results for saving: PDF report, overlay image, tables, and DICOM results for the study of the image.

Only the files of `dicom.opinion_to_dicom` contain the name of the patient. Import the modules one by one: a table needs
no PDF library.
"""
