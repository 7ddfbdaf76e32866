"""What is on disk: paths, atomic records, the event log, locks."""
