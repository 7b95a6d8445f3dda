"""``python -m classifier``: a classifier under its supervisor."""

from classifier.config import ClassifierConfig
from common.supervisor import supervise

if __name__ == "__main__":
    supervise("classifier", ClassifierConfig, "classifier.stage")
