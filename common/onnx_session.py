"""Opening a model in ONNX Runtime, for one thread of the CPU.

More workers are more threads; and on one thread the same input gives bitwise the same output
however batches fall.

Since 1.29 it reports to its makers how it is used, from the moment it is imported. So whatever
needs it imports this module first.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # reads it when it is imported
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from common.errors import ModelError

__all__ = ["onnxruntime", "open_session"]

_LOAD_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    UnicodeDecodeError,  # of its own error message about a damaged file
)


def open_session(model: str | bytes) -> onnxruntime.InferenceSession:
    """Open a model, given as the path of its file or as the file's bytes.

    Raises:
        ModelError: It is damaged; the text is what ONNX Runtime says, in one line.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except _LOAD_ERRORS as error:
        raise ModelError(str(error).strip().partition("\n")[0]) from error
