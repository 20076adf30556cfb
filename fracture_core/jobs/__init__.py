"""Background processes with progress, and parallel work on many files."""
