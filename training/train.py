"""``python -m training.train``: trains the expression model.

FER-2013 may be given as folders of images (DIR/train/<emotion>/*), as zips of them (DIR/train.zip
holding train/<emotion>/*), or as one DIR/fer2013.csv. FER+ votes are used where DIR/ferplus.csv is
there. Where there is no validation split, a tenth of the training faces is held out.

Keras runs on TensorFlow; with KERAS_BACKEND=jax, on JAX and all GPUs that it sees.

Run the same command again to resume a run that was stopped, however it was stopped. The folder of
the run gets samples.png and augmented_samples.png first; checkpoint.npz, history.csv, history.json,
learning_curves.png and TensorBoard events (tensorboard --logdir runs) after every epoch; at the end
the model files, manifest.json, metrics.json and the pictures of the result. training.report makes
one page of it all.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from common.errors import ConfigError, ModelError
from training.config import TrainingConfig
from training.data.splits import (
    DataSource,
    add_data_arguments,
    load_training_data,
    source_from_arguments,
)
from training.run.arguments import add_config_arguments, config_from_arguments

INTERRUPTED = 130
"""What shells report for a command ended by Ctrl-C: 128 and the number of the signal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parsed = _parser().parse_args(arguments)
    source = source_from_arguments(parsed)
    try:
        _train(config_from_arguments(parsed), source, parsed.out)
    except (ConfigError, ModelError) as err:
        print(f"training.train: {err}", file=sys.stderr)
        return 2
    except OSError as err:
        print(f"training.train: cannot write {err.filename}: {err.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("training.train: stopped; the same command resumes", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the run's folder, as runs/NAME"
    )
    add_config_arguments(parser)
    return parser


def _train(config: TrainingConfig, source: DataSource, out: Path) -> None:
    """Trains to the end, or from where the run stands, then exports."""
    data = load_training_data(source)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"--out {out} cannot be made: {err.strerror}") from err
    # Imported here: TensorFlow takes seconds, which --help and a wrong path should not.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras  # noqa: F401, PLC0415
    except ImportError as err:
        backend = os.environ.get("KERAS_BACKEND")
        raise ConfigError(f"KERAS_BACKEND={backend} cannot be used: {err}") from err
    from training.export import export_run  # noqa: PLC0415
    from training.run.checkpoint import load_run  # noqa: PLC0415
    from training.run.devices import prepare_devices  # noqa: PLC0415
    from training.run.loop import run_training  # noqa: PLC0415

    prepare_devices(config.threads)
    run_training(data, config, out)
    saved = load_run(out)
    export_run(saved, data, source, out, out)
    print(f"epoch {saved.progress.best_epoch} is exported to {out}")


if __name__ == "__main__":
    sys.exit(main())
