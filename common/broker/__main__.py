"""``python -m common.broker``: the broker under its supervisor."""

from common.broker.config import BrokerConfig
from common.supervisor import supervise

if __name__ == "__main__":
    supervise("common.broker", BrokerConfig, "common.broker.stage")
