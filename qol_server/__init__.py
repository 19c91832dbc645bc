"""A patient-reported quality-of-life backend and sync service for clinical trials."""

__version__ = "0.1.0"
