"""Background processes, their state on disk and their progress; parallel work in threads."""
