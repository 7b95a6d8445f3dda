"""Facial expressions in images and recordings, for programs and notebooks.

::

    import ferstream

    faces = ferstream.analyze("group.jpg", detector="yunet")
    records = ferstream.analyze_video("talk.mp4").to_pandas()

What a pipeline of processes does with live video, done here in one process by the same functions.
"""

from ferstream.own_modules import check_own_modules

check_own_modules()  # what is imported below would be whatever is called like it

from common.errors import ConfigError, FerstreamError, ModelError, SourceError
from ferstream.analyzer import Analyzer, analyze, analyze_video
from ferstream.faces import Face, Faces
from ferstream.other_libraries import as_deepface, as_fer
from ferstream.plots import plot
from ferstream.records import metadata_of, read

__all__ = [
    "Analyzer",
    "ConfigError",
    "Face",
    "Faces",
    "FerstreamError",
    "ModelError",
    "SourceError",
    "analyze",
    "analyze_video",
    "as_deepface",
    "as_fer",
    "metadata_of",
    "plot",
    "read",
]
