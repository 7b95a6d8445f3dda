"""The errors of the pipeline, one small tree.

::

    FerstreamError
    ├── ConfigError          a setting is wrong; the process ends with exit code 2
    ├── MessageError         a peer sent something that is not a message of ours
    ├── RefusedError         the broker will not have this peer, and says why
    ├── SourceError          the video source cannot be read
    └── ModelError           the model file cannot be used

A bad message is counted and skipped. Everything else ends the process.
"""


class FerstreamError(Exception):
    """Base of all errors this project raises on purpose."""


class ConfigError(FerstreamError):
    """A setting is wrong. The message names the variable, its value and what to do."""


class MessageError(FerstreamError):
    """Received bytes are not a valid message. The message names expected and actual."""


class RefusedError(FerstreamError):
    """The broker refused this peer. The message carries the broker's reason."""


class SourceError(FerstreamError):
    """A video source cannot be opened or read."""


class ModelError(FerstreamError):
    """A model file is missing, damaged, or does not fit the model contract."""
