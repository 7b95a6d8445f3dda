"""Multiply-accumulates of an ONNX model, counted from its graph."""

from __future__ import annotations

import math
from pathlib import Path

import onnx

COUNTED = ("Conv", "Gemm", "MatMul")


def count_macs(file: Path) -> int:
    """Return the multiply-accumulates of convolutions and matrix products for a batch of one.

    Args:
        file: A model in floating point; dimensions that it leaves open count as 1.
    """
    model = onnx.load(str(file))
    for given in model.graph.input:
        for dim in given.type.tensor_type.shape.dim:
            if not dim.dim_value:
                dim.dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.value_info, *graph.output, *graph.input)
    }
    shapes |= {weights.name: list(weights.dims) for weights in graph.initializer}
    return sum(_macs(node, shapes) for node in graph.node if node.op_type in COUNTED)


def _macs(node: onnx.NodeProto, shapes: dict[str, list[int]]) -> int:
    """Return the elements of the result times the products that each is the sum of."""
    elements = math.prod(max(1, size) for size in shapes[node.output[0]])
    weights = shapes[node.input[1]]
    # A filter's weights are (out, in / groups, height, width), a matrix's (in, out).
    return elements * (math.prod(weights[1:]) if node.op_type == "Conv" else weights[0])
