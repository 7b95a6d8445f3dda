"""A model whose answers can be worked out with a pencil, and faces for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.training.synthetic_faces import make_faces
from training.data.faces import FaceSet


def write_pixel_model(
    file: Path,
    *,
    element: int = TensorProto.UINT8,
    side: int = 48,
    labels: int = 7,
    batch: int | str = "n",
) -> None:
    """Write a model whose logits are the first pixels of a face, of 0 to 255, divided by 100."""
    constants: dict[str, NDArray[np.int64] | NDArray[np.float32]] = {
        "flat": np.array([-1, side * side], dtype=np.int64),
        "from": np.array([0], dtype=np.int64),
        "to": np.array([labels], dtype=np.int64),
        "axis": np.array([1], dtype=np.int64),
        "hundred": np.array(100, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["faces"], ["a"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["a", "flat"], ["b"]),
        helper.make_node("Slice", ["b", "from", "to", "axis"], ["c"]),
        helper.make_node("Div", ["c", "hundred"], ["d"]),
        helper.make_node("Softmax", ["d"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "pixels",
        [helper.make_tensor_value_info("faces", element, [batch, side, side])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [batch, labels])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), file)


def faces_predicted_as(labels: list[int], predicted: list[int]) -> FaceSet:
    """Return faces that the pixel model takes for ``predicted``, with certainty of one kind."""
    blank = make_faces(len(labels), seed=1)
    images = np.zeros_like(blank.images)
    images[np.arange(len(labels)), 0, predicted] = 200
    images[:, 20, 20] = np.arange(len(labels))  # no two are the same
    return replace(blank, images=images, labels=np.array(labels, dtype=np.int64))
