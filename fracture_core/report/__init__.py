"""What leaves the app: a page to print, a picture, tables, and results for the archive a film came from.

Nothing here names a person except `to_dicom`, whose files belong to the study of the film. Modules are imported one by
one, so that a table needs no PDF library.
"""
