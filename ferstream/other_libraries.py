"""Faces in the shapes of other libraries, so that programs change no more than an import.

The shapes are those of ``fer`` 25.10 and ``deepface`` 0.0.103; what is in them is ferstream's.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from common.face_model import LABELS
from ferstream.faces import Face, Faces

FER_DIGITS = 2


class FerFace(TypedDict):
    """What ``fer.FER().detect_emotions`` returns of a face."""

    box: NDArray[np.int32]
    emotions: dict[str, float]


class DeepFaceFace(TypedDict):
    """What ``DeepFace.analyze(actions=["emotion"])`` returns of a face."""

    emotion: dict[str, float]
    dominant_emotion: str
    region: dict[str, object]
    face_confidence: float


def as_fer(faces: Faces) -> list[FerFace]:
    """Return faces as ``fer.FER().detect_emotions`` does.

    Faces that are turned away, which have no probabilities, are left out.

    Returns:
        One a face: the box, ``(4,) int32``, and the probabilities of the seven expressions with two
        digits.
    """
    return [
        {"box": np.array(face.box, np.int32), "emotions": _rounded(face)}
        for face in faces
        if face.probabilities
    ]


def as_deepface(faces: Faces) -> list[DeepFaceFace]:
    """Return faces as ``DeepFace.analyze(image, actions=["emotion"])`` does.

    Faces that are turned away, which have no probabilities, are left out. DeepFace raises where
    there is no face; here the list is empty.

    Returns:
        One a face, with percentages; eyes are not told (None), and the confidence that it is a face
        is 1 of whatever the detector let through.
    """
    return [_deepface(face) for face in faces if face.probabilities]


def _rounded(face: Face) -> dict[str, float]:
    return {label: round(face.probabilities[label], FER_DIGITS) for label in LABELS}


def _deepface(face: Face) -> DeepFaceFace:
    x, y, w, h = face.box
    return {
        "emotion": {label: 100 * face.probabilities[label] for label in LABELS},
        "dominant_emotion": max(face.probabilities, key=face.probabilities.__getitem__),
        "region": {"x": x, "y": y, "w": w, "h": h, "left_eye": None, "right_eye": None},
        "face_confidence": 1.0,
    }
