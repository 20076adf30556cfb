"""Safe file operations: atomic writes, zip limits, CSV safety, disk space."""
