"""``python -m classifier``: a classifier under its supervisor."""

import ferstream_start  # noqa: F401 - first: it lets our own modules be found
from classifier.config import ClassifierConfig
from common.supervisor import supervise

if __name__ == "__main__":
    supervise("classifier", ClassifierConfig, "classifier.stage")
