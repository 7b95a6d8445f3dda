from __future__ import annotations

import csv
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from common.errors import ConfigError, ModelError
from tests.training.synthetic_faces import make_faces, write_folder, write_votes, write_zip
from training.config import TrainingConfig
from training.data.faces import FaceSet
from training.data.splits import DataSource, TrainingData, load_training_data
from training.export import export_run
from training.model.model_files import write_model_files
from training.model.network import build_exported_network
from training.model.onnx_graph import write_onnx
from training.run.arguments import usual_config
from training.run.checkpoint import CHECKPOINT_NAME, SavedRun, load_run, read_checkpoint
from training.run.history import EpochRecord
from training.run.loop import run_training
from training.run.manifest import training_command
from training.run.step import Step
from training.run.trainer import Trainer
from training.train import main

TINY = TrainingConfig(
    stages="4x48",
    widths="4,8",
    depths="2,3",
    batch_size=16,
    warmup_epochs=0.5,
    average_decay=0.8,
)
PNG_START = b"\x89PNG\r\n\x1a\n"


class _Killed(BaseException):
    """Stands for a process that ends between two steps: nothing may handle it."""


def make_data() -> TrainingData:
    return TrainingData(make_faces(70, seed=1), make_faces(28, seed=2, first=70), 0)


def kill_at_step(monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    """Lets ``last`` steps happen, counted over the whole run, and no more."""
    draw = Trainer._steps

    def until_killed(
        self: Trainer,
        faces: FaceSet,
        targets: NDArray[np.float32],
        epoch: int,
        rates: Sequence[float],
    ) -> Iterator[Step]:
        steps = draw(self, faces, targets, epoch, rates)
        for number, step in enumerate(steps, start=epoch * len(rates)):
            if number >= last:
                raise _Killed
            yield step

    monkeypatch.setattr(Trainer, "_steps", until_killed)


def assert_same_run(actual: SavedRun, expected: SavedRun) -> None:
    """Compares all that a checkpoint holds, but for how long it took."""

    def timeless(history: tuple[EpochRecord, ...]) -> list[list[float]]:
        untimed = [dataclasses.replace(record, seconds=0.0) for record in history]
        return [list(dataclasses.astuple(record)) for record in untimed]

    np.testing.assert_allclose(
        timeless(actual.progress.history), timeless(expected.progress.history), rtol=1e-4
    )
    assert actual.progress.best_epoch == expected.progress.best_epoch
    for group, arrays in expected.state.items():
        for array, other in zip(arrays, actual.state[group], strict=True):
            one, two = (np.asarray(values, dtype=np.float64) for values in (array, other))
            np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-5, err_msg=group)


@pytest.mark.parametrize("with_teacher", [False, True])
def test_a_run_killed_in_an_epoch_ends_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_teacher: bool
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    teacher = tmp_path / "teacher.onnx"
    write_onnx(build_exported_network(TINY), teacher)
    config = dataclasses.replace(TINY, teacher=str(teacher) if with_teacher else "")
    for folder in (whole, stopped):
        folder.mkdir()
    run_training(make_data(), config, whole)
    for step in (6, 11):  # of 4 an epoch: in the second epoch, then in the third
        with monkeypatch.context() as patched:
            kill_at_step(patched, step)
            with pytest.raises(_Killed):
                run_training(make_data(), config, stopped)
        assert len(load_run(stopped).progress.history) == step // 4
    run_training(make_data(), config, stopped)
    assert_same_run(load_run(stopped), load_run(whole))


def test_a_finished_run_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_training(make_data(), TINY, tmp_path)
    (tmp_path / "history.csv").unlink()
    kill_at_step(monkeypatch, 0)
    run_training(make_data(), TINY, tmp_path)
    assert (tmp_path / "history.csv").exists(), "what a kill may have prevented is written again"


def test_a_checkpoint_half_written_leaves_the_old_one(tmp_path: Path) -> None:
    run_training(make_data(), dataclasses.replace(TINY, stages="1x48"), tmp_path)
    before = load_run(tmp_path)
    (tmp_path / f".new-{CHECKPOINT_NAME}").write_bytes(b"half")
    assert_same_run(load_run(tmp_path), before)


def test_another_run_in_the_same_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_training(make_data(), TINY, tmp_path)
    with pytest.raises(ConfigError, match=r"other settings \(peak_rate 0\.1 -> 0\.2\)"):
        run_training(make_data(), dataclasses.replace(TINY, peak_rate=0.2), tmp_path)
    voted = make_data()
    votes = voted.train.votes + 1
    train = FaceSet(voted.train.images, voted.train.labels, voted.train.names, votes)
    with pytest.raises(ConfigError, match=r"other FER\+ votes"):
        run_training(TrainingData(train, voted.validation, 0), TINY, tmp_path)
    with pytest.raises(ModelError, match=r"--teacher .*gone\.onnx is not there"):
        run_training(make_data(), dataclasses.replace(TINY, teacher="gone.onnx"), tmp_path)
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(ConfigError, match="KERAS_BACKEND=tensorflow, this is jax"):
        run_training(make_data(), TINY, tmp_path)
    other = TrainingData(make_faces(70, seed=9), make_data().validation, 0)
    with pytest.raises(ConfigError, match="other data"):
        run_training(other, TINY, tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(ConfigError, match="is damaged"):
        read_checkpoint(tmp_path)
    with pytest.raises(ConfigError, match=r"holds no checkpoint\.npz"):
        load_run(tmp_path / "elsewhere")


def test_each_epoch_is_in_the_history_and_drawn(tmp_path: Path) -> None:
    run_training(make_data(), dataclasses.replace(TINY, stages="2x24,1x48"), tmp_path)
    rows = json.loads((tmp_path / "history.json").read_text())
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["size_px"] for row in rows] == [24, 24, 48]
    assert load_run(tmp_path).progress.best_epoch == 3, "the only one at full size"
    with (tmp_path / "history.csv").open() as opened:
        table = list(csv.DictReader(opened))
    losses = [float(row["validation_loss"]) for row in table]
    assert losses == pytest.approx([row["validation_loss"] for row in rows])
    assert (tmp_path / "learning_curves.png").read_bytes().startswith(PNG_START)


def test_the_network_learns_and_its_best_epoch_is_kept(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, stages="15x48", widths="8,16")
    run_training(make_data(), config, tmp_path)
    saved = load_run(tmp_path)
    accuracies = [record.validation_accuracy for record in saved.progress.history]
    assert max(accuracies) > 0.5, "one in seven would be a guess"
    assert accuracies[saved.progress.best_epoch - 1] == max(accuracies)


def test_the_classic_network_is_trained_with_adam_and_exported(tmp_path: Path) -> None:
    config = dataclasses.replace(usual_config("classic"), stages="1x48", batch_size=8)
    data, source = make_data(), DataSource(tmp_path, "train", "validation")
    before = Trainer(config, 8).learner.network.get_weights()
    run_training(data, config, tmp_path)
    saved = load_run(tmp_path)
    moved = np.abs(saved.state["network"][0] - before[0])
    # Adam moves every weight by about the rate at each of the 8 steps.
    assert 0.5 < moved.max() / (config.peak_rate * 8) < 1.5
    assert training_command(config, source, tmp_path).endswith(
        "--network classic --stages 1x48 --batch-size 8"
    )
    facts = write_model_files(config, saved.progress.best_weights, data.validation, tmp_path)
    assert facts.macs == 290_475_520


def test_an_export_is_whole_and_its_manifest_names_no_folder_of_this_machine(
    tmp_path: Path,
) -> None:
    folder, run = tmp_path / "fer2013", tmp_path / "runs" / "tiny"
    run.mkdir(parents=True)
    write_zip(folder, "train", make_data().train)
    write_zip(folder, "validation", make_data().validation)
    write_votes(folder, make_data().validation)
    source = DataSource(folder, "train", "validation")
    data = load_training_data(source)
    run_training(data, TINY, run)
    export_run(load_run(run), data, source, run, run)
    text = (run / "manifest.json").read_text()
    manifest = json.loads(text)
    assert str(tmp_path) not in text
    assert manifest["command"] == training_command(TINY, source, run)
    assert set(manifest["files"]) == {"expression.keras", "expression.onnx"}
    assert set(manifest["data"]["file_sha256"]) == {"train.zip", "validation.zip", "ferplus.csv"}
    assert manifest["metrics"]["expression.onnx"]["images"] == 28
    assert json.loads((run / "metrics.json").read_text())["macs"] == manifest["macs"]
    assert (run / "confusion_matrix.png").read_bytes().startswith(PNG_START)


def test_the_command_in_the_manifest_has_what_differs_from_the_defaults() -> None:
    source = DataSource(Path("/somewhere/fer2013"), "train", "dev")
    config = TrainingConfig(stages="1x48", dropout=0.5)
    assert training_command(config, source, Path("/elsewhere/a b")) == (
        "python -m training.train --data data/fer2013 --out 'runs/a b' --validation-split dev "
        "--stages 1x48 --dropout 0.5"
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [("/somewhere/else/my faces.json", "'my faces.json'"), ("ck+", "ck+"), ("raf-db", "raf-db")],
)
def test_the_command_in_the_manifest_names_a_label_map_without_its_folder(
    given: str, shown: str
) -> None:
    source = DataSource(Path("/somewhere/faces"), "train", "validation", given)
    command = training_command(TrainingConfig(), source, Path("/elsewhere/tiny"))
    assert command == (
        f"python -m training.train --data data/faces --out runs/tiny --label-map {shown}"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stages", "1x32"], "--stages '1x32' must end at 48 px"),
        ([], "train.zip or fer2013.csv"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    code = main(["--data", str(tmp_path), "--out", str(tmp_path / "run"), *options])
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.e2e
def test_the_same_command_after_kill_minus_9_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path, "train", make_data().train)
    write_folder(tmp_path, "validation", make_data().validation)
    run = tmp_path / "run"
    command = [sys.executable, "-m", "training.train", "--data", str(tmp_path), "--out", str(run)]
    command += ["--stages", "2000x16,1x48", "--widths", "4", "--depths", "1"]
    command += ["--batch-size", "16"]
    log = (tmp_path / "log").open("w")
    with log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        deadline = time.monotonic() + 60
        while read_checkpoint(run) is None and time.monotonic() < deadline:
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    saved = load_run(run)
    done = len(saved.progress.history)
    assert 1 <= done < 2000
    source = DataSource(tmp_path, "train", "validation")
    data = load_training_data(source)
    steps = len(data.train) // 16
    kill_at_step(monkeypatch, done * steps + steps + 1)
    with pytest.raises(_Killed):
        run_training(data, saved.config, run)
    assert len(load_run(run).progress.history) == done + 1
