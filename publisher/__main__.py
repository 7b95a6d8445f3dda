"""``python -m publisher``: the publisher under its supervisor."""

import os

import ferstream_start  # noqa: F401 - first: it lets our own modules be found
from common.supervisor import supervise
from publisher.config import SECRET, PublisherConfig

if __name__ == "__main__":
    os.environ[SECRET] = os.urandom(32).hex()  # so that who has signed in stays so over a restart
    supervise("publisher", PublisherConfig, "publisher.stage")
