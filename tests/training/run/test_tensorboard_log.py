from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import tensorflow as tf

from tests.training.synthetic_faces import make_faces
from tests.training.tiny_run import Killed
from training.config import TrainingConfig
from training.data.splits import TrainingData
from training.run.checkpoint import load_run
from training.run.history import EpochRecord
from training.run.loop import run_training
from training.run.tensorboard_log import TAGS, TensorBoardLog


def record(epoch: int) -> EpochRecord:
    return EpochRecord(epoch, 32, 0.125, 7.5, 1.75, 0.25, 1.625, 0.375)


def scalars(run: Path) -> dict[str, list[tuple[int, float]]]:
    """Return steps and values by tag, from all event files of a run."""
    found: dict[str, list[tuple[int, float]]] = {}
    files = [str(file) for file in sorted((run / "tensorboard").iterdir())]
    for written in tf.data.TFRecordDataset(files):
        event = tf.compat.v1.Event.FromString(written.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            number = float(tf.make_ndarray(value.tensor))
            found.setdefault(value.tag, []).append((event.step, number))
    return found


def test_an_epoch_can_be_read_while_the_run_goes_on(tmp_path: Path) -> None:
    with closing(TensorBoardLog(tmp_path, ())) as log:
        log.add(record(1))
        during = scalars(tmp_path)
        log.add(record(2))
    assert during["accuracy/validation"] == [(1, 0.375)]
    after = scalars(tmp_path)
    assert set(after) == set(TAGS.values())
    assert after["loss/validation"] == [(1, 1.625), (2, 1.625)]
    assert after["epoch/seconds"] == [(1, 7.5), (2, 7.5)]
    assert after["epoch/image_size_px"] == [(1, 32.0), (2, 32.0)]


def test_a_run_killed_before_an_epoch_was_logged_logs_it_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = TrainingData(make_faces(21, seed=1), make_faces(14, seed=2, first=21), 0)
    config = TrainingConfig(stages="3x48", widths="4", depths="1", batch_size=16)
    add = TensorBoardLog.add

    def add_until_killed(self: TensorBoardLog, done: EpochRecord) -> None:
        if done.epoch == 2:
            raise Killed
        add(self, done)

    with monkeypatch.context() as patched:
        patched.setattr(TensorBoardLog, "add", add_until_killed)
        with pytest.raises(Killed):
            run_training(data, config, tmp_path)
    assert [step for step, _ in scalars(tmp_path)["loss/train"]] == [1]
    run_training(data, config, tmp_path)
    history = load_run(tmp_path).progress.history
    logged = scalars(tmp_path)
    steps = {tag: [step for step, _ in points] for tag, points in logged.items()}
    assert steps == {tag: [1, 2, 3] for tag in TAGS.values()}
    reached = [record.validation_accuracy for record in history]
    assert [value for _, value in logged["accuracy/validation"]] == pytest.approx(reached)
