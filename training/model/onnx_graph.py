"""Writes an exported Keras network as ONNX, for exactly the layers it is made of.

The network is made of a dozen kinds of layers, so the graph is written directly: channels first,
as ONNX has it, each batch normalisation folded into the convolution before it.
``keras.Model.export(format="onnx")`` works too, through tf2onnx, but only with TensorFlow as the
backend, and its file is up to 1.7 times as slow (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from common.errors import ModelError
from common.face_model import FACE_SIZE_PX, LABELS
from common.files import replacing

OPSET = 17
IR_VERSION = 8
"""That of ONNX 1.12 (2022): nothing newer is needed, and older runtimes can read the file."""
INPUT_NAME = "faces"
OUTPUT_NAME = "probabilities"

Array = NDArray[np.float32]
Attribute = int | float | Sequence[int]


def write_onnx(model: keras.Model, file: Path) -> None:
    """Write ``model`` with input ``faces (n, 48, 48) uint8`` and output ``probabilities``.

    The file is written in one step.

    Raises:
        ModelError: The model has a layer that this exporter does not know.
    """
    graph = _Graph()
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    for layer in layers:
        emit = _EMITTERS.get(type(layer).__name__)
        if emit is None:
            raise ModelError(f"cannot write layer {layer.name} ({type(layer).__name__}) as ONNX")
        graph.enter(layer)
        emit(graph, layer)
        graph.leave(layer)
    exported = helper.make_model(
        graph.finish(),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="ferstream",
    )
    onnx.checker.check_model(exported, full_check=True)
    with replacing(file) as new:
        new.write_bytes(exported.SerializeToString())


class _Graph:
    """The nodes so far, and where in them each tensor of Keras is.

    Attributes:
        last: Name of the output that the next node works on.
        inputs: Names of all inputs of the layer that is being written.
    """

    def __init__(self) -> None:
        self.last = INPUT_NAME
        self.inputs = [INPUT_NAME]
        self._names: dict[str, str] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[np.generic]] = {}

    def enter(self, layer: keras.layers.Layer) -> None:
        """Go to where ``layer`` takes its inputs."""
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        self.inputs = [self._names.get(tensor.name, INPUT_NAME) for tensor in tensors]
        self.last = self.inputs[0]

    def leave(self, layer: keras.layers.Layer) -> None:
        """Note where the output of ``layer`` is."""
        self._names[layer.output.name] = self.last

    def add(self, operator: str, *constants: NDArray[np.generic], **attributes: Attribute) -> str:
        """Add a node on the last output and ``constants``; return its output's name."""
        return self.add_on([self.last], operator, *constants, **attributes)

    def add_on(
        self,
        inputs: Sequence[str],
        operator: str,
        *constants: NDArray[np.generic],
        **attributes: Attribute,
    ) -> str:
        """Add a node on the named ``inputs``, then ``constants``; return its output's name."""
        name = f"{len(self._nodes):02d}_{operator.lower()}"
        names = [f"{name}_{index}" for index in range(len(constants))]
        self._constants |= dict(zip(names, constants, strict=True))
        node = helper.make_node(operator, [*inputs, *names], [name], name=name)
        node.attribute.extend(helper.make_attribute(key, attributes[key]) for key in attributes)
        self._nodes.append(node)
        self.last = name
        return name

    def scale_last(self, factor: Array, offset: Array) -> None:
        """Multiply the output channels of the last node and add an offset.

        Raises:
            ModelError: The last node is neither a convolution nor a dense layer.
        """
        node = self._nodes[-1]
        if node.op_type not in ("Conv", "Gemm"):
            raise ModelError(f"batch normalisation must follow a convolution, not {node.op_type}")
        kernel, bias = node.input[1], node.input[2]
        # A Gemm's kernel is (in, out), a convolution's (out, in, height, width).
        by_channel = factor if node.op_type == "Gemm" else factor[:, None, None, None]
        self._constants[kernel] = self._constants[kernel].astype(np.float32) * by_channel
        self._constants[bias] = self._constants[bias].astype(np.float32) * factor + offset

    def finish(self) -> onnx.GraphProto:
        """Return the whole graph; the last output gets its public name."""
        self._nodes[-1].output[0] = OUTPUT_NAME
        side = FACE_SIZE_PX
        return helper.make_graph(
            self._nodes,
            "expression",
            [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["n", side, side])],
            [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["n", len(LABELS)])],
            [numpy_helper.from_array(value, name) for name, value in self._constants.items()],
        )


def _emit_channel(graph: _Graph, layer: keras.layers.Layer) -> None:
    if tuple(layer.target_shape) != (FACE_SIZE_PX, FACE_SIZE_PX, 1):
        raise ModelError(f"cannot write a reshape to {layer.target_shape} as ONNX")
    graph.add("Unsqueeze", np.array([1], dtype=np.int64))


def _emit_rescaling(graph: _Graph, layer: keras.layers.Layer) -> None:
    graph.add("Cast", to=TensorProto.FLOAT)
    graph.add("Mul", np.array(layer.scale, dtype=np.float32))
    if layer.offset:
        graph.add("Add", np.array(layer.offset, dtype=np.float32))


def _emit_standardise(graph: _Graph, layer: keras.layers.Layer) -> None:
    """Subtract each image's mean and divide by its deviation."""
    if layer.center or layer.scale:
        raise ModelError(f"layer {layer.name} has weights, expected plain standardisation")
    image = graph.last
    mean = graph.add("ReduceMean", axes=[1, 2, 3])
    centred = graph.add_on([image, mean], "Sub")
    graph.add_on([centred, centred], "Mul")
    graph.add("ReduceMean", axes=[1, 2, 3])
    graph.add("Add", np.array(layer.epsilon, dtype=np.float32))
    deviation = graph.add("Sqrt")
    graph.add_on([centred, deviation], "Div")


def _emit_convolution(graph: _Graph, layer: keras.layers.Layer) -> None:
    """Turn kernels from height, width, in, out to out, in, height, width."""
    kernel = layer.kernel.numpy().transpose(3, 2, 0, 1).copy()
    if layer.padding != "same" or tuple(layer.strides) != (1, 1):
        raise ModelError(f"layer {layer.name}: expected same padding and stride 1")
    bias = layer.bias.numpy() if layer.use_bias else np.zeros(kernel.shape[0], dtype=np.float32)
    graph.add("Conv", kernel, bias, pads=[side // 2 for side in (*kernel.shape[2:],) * 2])


def _emit_batch_norm(graph: _Graph, layer: keras.layers.Layer) -> None:
    factor = layer.gamma.numpy() / np.sqrt(layer.moving_variance.numpy() + layer.epsilon)
    offset = layer.beta.numpy() - layer.moving_mean.numpy() * factor
    graph.scale_last(factor.astype(np.float32), offset.astype(np.float32))


def _emit_flatten(graph: _Graph, _layer: keras.layers.Layer) -> None:
    """Put channels last, as they are in what Keras flattens."""
    graph.add("Transpose", perm=[0, 2, 3, 1])
    graph.add("Flatten")


_EMITTERS: dict[str, Callable[[_Graph, keras.layers.Layer], object]] = {
    "Reshape": _emit_channel,
    "Rescaling": _emit_rescaling,
    "LayerNormalization": _emit_standardise,
    "Conv2D": _emit_convolution,
    "BatchNormalization": _emit_batch_norm,
    "Add": lambda graph, _: graph.add_on(graph.inputs, "Add"),
    "Flatten": _emit_flatten,
    "ReLU": lambda graph, _: graph.add("Relu"),
    "MaxPooling2D": lambda graph, layer: graph.add(
        "MaxPool", kernel_shape=list(layer.pool_size), strides=list(layer.strides)
    ),
    "GlobalAveragePooling2D": lambda graph, layer: graph.add(
        "ReduceMean", axes=[2, 3], keepdims=int(layer.keepdims)
    ),
    "Dropout": lambda _graph, _layer: None,  # it does nothing outside training
    "Dense": lambda graph, layer: graph.add("Gemm", layer.kernel.numpy(), layer.bias.numpy()),
    "Softmax": lambda graph, _: graph.add("Softmax", axis=-1),
}
