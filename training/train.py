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
from functools import partial
from pathlib import Path

from common.command import Command
from common.errors import ConfigError
from common.native_output import tensorflow_notices_left_out
from training.data.splits import add_data_arguments, load_training_data, source_from_arguments
from training.run.arguments import add_config_arguments, config_from_arguments


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    add_data_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the run's folder, as runs/NAME"
    )
    add_config_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Train to the end, or from where the run stands, then export."""
    config, source = config_from_arguments(options), source_from_arguments(options)
    out = options.out
    data = load_training_data(source)
    out.mkdir(parents=True, exist_ok=True)
    with tensorflow_notices_left_out():
        _import_keras()
        from training.export import export_run  # noqa: PLC0415
        from training.measure.plots.drawing import draw_progress  # noqa: PLC0415
        from training.run.checkpoint import load_run  # noqa: PLC0415
        from training.run.devices import prepare_devices  # noqa: PLC0415
        from training.run.loop import run_training  # noqa: PLC0415

        prepare_devices(config.threads)
    run_training(data, config, out, partial(draw_progress, data.train, config, out))
    saved = load_run(out)
    export_run(saved, data, source, out, out)
    print(f"epoch {saved.progress.best_epoch} is exported to {out}")


def _import_keras() -> None:
    """Import TensorFlow and Keras: it takes seconds, which --help and a wrong path should not."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras  # noqa: F401, PLC0415
    except ImportError as error:
        backend = os.environ.get("KERAS_BACKEND")
        raise ConfigError(f"KERAS_BACKEND={backend} cannot be used: {error}") from error


main = Command(
    "training.train", __doc__, add_options, run, stopped="stopped; the same command resumes"
)

if __name__ == "__main__":
    sys.exit(main())
