"""Say by the exit code whether the page lives: what a container is asked for its health.

The page is asked at its own address, by the publisher's settings. Where a token is needed it
answers 401, and who refuses lives, too; so no token has to be known here.
"""

from __future__ import annotations

import ssl
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from common.config import load_config
from common.errors import ConfigError
from publisher.config import PublisherConfig

TIMEOUT_S = 3.0
OF_ONE_THAT_LIVES = (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED)


def status(config: PublisherConfig) -> int:
    """Return what ``/healthz`` answers.

    Raises:
        OSError: Nobody answers.
        HTTPException: Something else than HTTP is answered.
    """
    connection = _connection(config)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(config: PublisherConfig) -> HTTPConnection:
    if config.tls_cert is None:
        return HTTPConnection(config.host, config.port, timeout=TIMEOUT_S)
    context = ssl.create_default_context()
    context.check_hostname = False  # the certificate is for the name that others know
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(config.host, config.port, timeout=TIMEOUT_S, context=context)


def main() -> int:
    """Ask; return 0 where the page lives, else 1, and say why."""
    try:
        found = status(load_config(PublisherConfig, "publisher", ()))
    except (ConfigError, OSError, HTTPException) as error:
        sys.stderr.write(f"the page does not answer: {error!r}\n")
        return 1
    sys.stdout.write(f"/healthz answers {found}\n")
    return int(found not in OF_ONE_THAT_LIVES)


if __name__ == "__main__":
    sys.exit(main())
