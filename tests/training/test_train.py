from __future__ import annotations

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from common.errors import ConfigError, ModelError
from tests.training.measure.plots.drawn_figures import PNG_START
from tests.training.synthetic_faces import make_faces, write_folder
from tests.training.tiny_run import TINY, Killed, kill_at_step, make_data
from training.config import TrainingConfig
from training.data.splits import DataSource, TrainingData, load_training_data
from training.measure.pictures import LEARNING_CURVES, PICTURES_OF_DATA
from training.model.model_files import write_model_files
from training.run.arguments import usual_config
from training.run.checkpoint import CHECKPOINT_NAME, SavedRun, load_run, read_checkpoint
from training.run.history import EpochRecord
from training.run.loop import run_training
from training.run.manifest import training_command
from training.run.trainer import Trainer
from training.train import main


def assert_same_run(actual: SavedRun, expected: SavedRun) -> None:
    """Compare all that a checkpoint holds, but for how long it took."""

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


def source_of(trained: Path) -> DataSource:
    return DataSource(trained / "data", "train", "validation")


@pytest.mark.parametrize("with_teacher", [False, True])
def test_a_run_killed_in_an_epoch_ends_as_if_it_had_not_been(
    trained: Path,
    ignorant: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    with_teacher: bool,
) -> None:
    data, config = load_training_data(source_of(trained)), TINY
    whole, stopped = trained / "run", tmp_path / "stopped"
    stopped.mkdir()
    if with_teacher:
        config, whole = dataclasses.replace(TINY, teacher=str(ignorant)), tmp_path / "whole"
        whole.mkdir()
        run_training(data, config, whole)
    for step in (6, 11):  # of 4 an epoch: in the second epoch, then in the third
        with monkeypatch.context() as patched:
            kill_at_step(patched, step)
            with pytest.raises(Killed):
                run_training(data, config, stopped)
        assert len(load_run(stopped).progress.history) == step // 4
    run_training(data, config, stopped)
    assert_same_run(load_run(stopped), load_run(whole))


def test_a_finished_run_is_not_trained_again(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load_training_data(source_of(trained))
    run = Path(shutil.copytree(trained / "run", tmp_path / "run"))
    (run / "history.csv").unlink()
    kill_at_step(monkeypatch, 0)
    drawn: list[int] = []
    run_training(data, TINY, run, lambda history, _: drawn.append(len(history)))
    assert (run / "history.csv").exists(), "what a kill may have prevented is written again"
    assert drawn == [3], "and drawn"


def test_another_run_in_the_same_folder_is_refused(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, data = trained / "run", load_training_data(source_of(trained))
    with pytest.raises(ConfigError, match=r"other settings \(peak_rate 0\.1 -> 0\.2\)"):
        run_training(data, dataclasses.replace(TINY, peak_rate=0.2), run)
    train = dataclasses.replace(data.train, votes=data.train.votes + 1)
    with pytest.raises(ConfigError, match=r"other FER\+ votes"):
        run_training(dataclasses.replace(data, train=train), TINY, run)
    with pytest.raises(ModelError, match=r"--teacher .*gone\.onnx is not there"):
        run_training(data, dataclasses.replace(TINY, teacher="gone.onnx"), run)
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(ConfigError, match="KERAS_BACKEND=tensorflow, this is jax"):
        run_training(data, TINY, run)
    with pytest.raises(ConfigError, match="other data"):
        run_training(dataclasses.replace(data, train=make_faces(70, seed=9)), TINY, run)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(ConfigError, match="is damaged"):
        read_checkpoint(tmp_path)
    with pytest.raises(ConfigError, match=r"holds no checkpoint\.npz"):
        load_run(tmp_path / "elsewhere")


def test_each_epoch_is_in_the_history_and_drawn(trained: Path) -> None:
    run = trained / "run"
    rows = json.loads((run / "history.json").read_text())
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["size_px"] for row in rows] == [24, 24, 48]
    assert load_run(run).progress.best_epoch == 3, "the only one at full size"
    with (run / "history.csv").open() as opened:
        table = list(csv.DictReader(opened))
    losses = [float(row["validation_loss"]) for row in table]
    assert losses == pytest.approx([row["validation_loss"] for row in rows])
    for plot in (*PICTURES_OF_DATA, LEARNING_CURVES):
        assert (run / plot.name).read_bytes().startswith(PNG_START)


def test_the_network_learns_and_its_best_epoch_is_kept(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, stages="15x48", widths="8,16")
    run_training(make_data(), config, tmp_path)
    saved = load_run(tmp_path)
    accuracies = [record.validation_accuracy for record in saved.progress.history]
    assert max(accuracies) > 0.5, "one in seven would be a guess"
    assert accuracies[saved.progress.best_epoch - 1] == max(accuracies)


def test_the_classic_network_is_trained_with_adam_and_exported(tmp_path: Path) -> None:
    config = dataclasses.replace(usual_config("classic"), stages="1x48", batch_size=8)
    data = TrainingData(make_faces(24, seed=1), make_faces(14, seed=2, first=24), 0)
    before = Trainer(config, 8).learner.network.get_weights()
    run_training(data, config, tmp_path)
    saved = load_run(tmp_path)
    moved = np.abs(saved.state["network"][0] - before[0])
    # Adam moves every weight by about the rate at each of the 3 steps.
    assert 0.5 < moved.max() / (config.peak_rate * 3) < 1.5
    source = DataSource(tmp_path, "train", "validation")
    assert training_command(config, source, tmp_path).endswith(
        "--network classic --stages 1x48 --batch-size 8"
    )
    facts = write_model_files(config, saved.progress.best_weights, data.validation, tmp_path)
    assert facts.macs == 290_475_520


def test_an_export_is_whole_and_its_manifest_names_no_folder_of_this_machine(
    trained: Path,
) -> None:
    shipped = trained / "shipped"
    text = (shipped / "manifest.json").read_text()
    manifest = json.loads(text)
    assert str(trained) not in text
    assert manifest["command"] == training_command(TINY, source_of(trained), trained / "run")
    assert set(manifest["files"]) == {"expression.keras", "expression.onnx"}
    assert set(manifest["data"]["file_sha256"]) == {"train.zip", "validation.zip", "ferplus.csv"}
    assert manifest["metrics"]["expression.onnx"]["images"] == 28
    assert json.loads((shipped / "metrics.json").read_text())["macs"] == manifest["macs"]
    assert (shipped / "confusion_matrix.png").read_bytes().startswith(PNG_START)


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
def test_it_is_trained_for_as_many_epochs_as_told_and_tensorflow_is_silent(tmp_path: Path) -> None:
    write_folder(tmp_path, "train", make_data().train)
    write_folder(tmp_path, "validation", make_data().validation)
    command = [sys.executable, "-m", "training.train", "--data", str(tmp_path)]
    command += ["--out", str(tmp_path / "run"), "--epochs", "2", "--stages", "4x16,4x48"]
    command += ["--widths", "4", "--depths", "1", "--batch-size", "16"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=250, check=False, env=environment
    )
    lines = [line for line in done.stderr.splitlines() if line and "step/s" not in line]
    assert (done.returncode, lines) == (0, []), "nothing but the bars of the epochs"
    assert "epoch 2/2: train" in done.stdout
    assert "epoch 2 is exported to" in done.stdout


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
    with pytest.raises(Killed):
        run_training(data, saved.config, run)
    assert len(load_run(run).progress.history) == done + 1
