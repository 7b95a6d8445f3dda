"""What every process of the pipeline does around its own work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import zmq

from common.config import BrokerSettings, load_config
from common.lifetime import Lifetime, run_main, set_up_logging
from common.sockets import Context

C = TypeVar("C", bound=BrokerSettings)


class Stage(Protocol):
    """One stage, ready to run."""

    def step(self) -> None:
        """Do one thing that is to be done, or wait for it a moment."""

    def close(self) -> None:
        """Leave: in order where the process was asked to stop, else as one that dies."""


def run_stage(
    module: str, config_class: type[C], make: Callable[[C, Lifetime, Context], Stage]
) -> None:
    """Run a stage until it is asked to stop; a wrong setting is one line and exit code 2.

    Args:
        module: The package as it is run, such as ``capture`` or ``common.broker``.
        config_class: The stage's settings.
        make: Opens what the stage needs and connects it.
    """
    name = module.rpartition(".")[2]

    def main() -> None:
        config = load_config(config_class, module)
        set_up_logging(name)
        lifetime = Lifetime()
        lifetime.catch_signals()
        with zmq.Context() as context:
            try:
                stage = make(config, lifetime, context)
                try:
                    lifetime.run(stage.step)
                finally:
                    stage.close()
            except Exception as error:
                lifetime.tell_error(error)
                raise

    run_main(name, main)
