"""Writes what each epoch reached as TensorBoard event files.

To watch runs while they train, side by side: ``pip install tensorboard``, then
``tensorboard --logdir runs`` and http://localhost:6006. Training itself does not need TensorBoard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import tensorflow as tf

from training.run.history import EpochRecord

FOLDER_NAME = "tensorboard"
TAGS = {
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "train_accuracy": "accuracy/train",
    "validation_accuracy": "accuracy/validation",
    "rate": "epoch/learning_rate",
    "seconds": "epoch/seconds",
    "size_px": "epoch/image_size_px",
}
"""Where TensorBoard shows each number of an epoch: the part before the slash is a group."""

# What tf.summary.scalar writes, too. It cannot be used: from TensorFlow 2.21 on it works only where
# TensorBoard is installed.
_SCALAR = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"),
    data_class="DATA_CLASS_SCALAR",
)


class TensorBoardLog:
    """The event file of a run, open for as long as the run goes on.

    A resumed run gets a new file with all its epochs, and the old ones are removed: however the
    run was stopped, each epoch is there once.
    """

    def __init__(self, run: Path, history: Sequence[EpochRecord]) -> None:
        folder = run / FOLDER_NAME
        old = list(folder.glob("events.out.tfevents.*"))
        self._writer = tf.summary.create_file_writer(str(folder))
        for file in old:
            file.unlink()
        for record in history:
            self.add(record)

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def add(self, record: EpochRecord) -> None:
        """Write one epoch, to be seen at once; its number is the step."""
        values = asdict(record)
        with self._writer.as_default(step=record.epoch):
            for name, tag in TAGS.items():
                tf.summary.write(tag, tf.constant(values[name], tf.float32), metadata=_SCALAR)
        self._writer.flush()
