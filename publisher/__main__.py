"""``python -m publisher``: the publisher under its supervisor."""

from common.supervisor import supervise
from publisher.config import PublisherConfig

if __name__ == "__main__":
    supervise("publisher", PublisherConfig, "publisher.stage")
