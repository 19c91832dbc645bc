"""Study files: read with their lines, checked in shape and meaning, frozen, and named by the SHA-256 of their bytes."""

from __future__ import annotations

from qol_server.library.documents import Mistake, StudyFileError, version
from qol_server.library.fields import period
from qol_server.library.instruments import instrument_from
from qol_server.library.protocols import protocol_from
from qol_server.library.reference import reference
from qol_server.library.shipped import check, load_instruments, shipped_instruments, shipped_studies, shipped_wordings
from qol_server.library.study_shape import RESERVED
from qol_server.library.wordings import ANSWERED_BY, Wording, stand_in_document, stand_in_wording, wording_from

__all__ = [
    "ANSWERED_BY",
    "RESERVED",
    "Mistake",
    "StudyFileError",
    "Wording",
    "check",
    "instrument_from",
    "load_instruments",
    "period",
    "protocol_from",
    "reference",
    "shipped_instruments",
    "shipped_studies",
    "shipped_wordings",
    "stand_in_document",
    "stand_in_wording",
    "version",
    "wording_from",
]
