"""Say by the exit code whether the pipeline works: what a container is asked for its health.

The page is asked for ``/readyz``, as it was started: the environment of its process says where it
is and where its tokens come from. Where no page runs, as beside a classifier alone, nobody is
asked: such a container is well for as long as its command runs.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection

import psutil

from common.child import STARTER
from common.config import load_config
from common.errors import ConfigError
from publisher.config import SECRET, PublisherConfig
from publisher.web.tokens import Right, made_tokens, read_tokens

TIMEOUT_S = 3.0
SUPERVISOR, STAGE = ("publisher", "publisher.stage")


def trouble_of(page: psutil.Process) -> str:
    """Return what is wrong with the pipeline of a publisher; empty where all is well.

    Raises:
        ConfigError: Its tokens cannot be read.
        OSError: Nobody answers.
        HTTPException: Something else than HTTP is answered.
        psutil.Error: It has ended.
    """
    environ = page.environ()
    config = load_config(PublisherConfig, SUPERVISOR, _words(page.cmdline())[1:], environ)
    connection = _connection(config)
    try:
        token = _token(config, environ)
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status == HTTPStatus.OK:
        return ""
    return f"/readyz answers {answer.status}: {body.decode(errors='replace')}"


def _connection(config: PublisherConfig) -> HTTPConnection:
    if config.tls_cert is None:
        return HTTPConnection(config.host, config.port, timeout=TIMEOUT_S)
    context = ssl.create_default_context()
    context.check_hostname = False  # the certificate is for the name that others know
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(config.host, config.port, timeout=TIMEOUT_S, context=context)


def _token(config: PublisherConfig, environ: Mapping[str, str]) -> str:
    """Return a token that the page takes, if it asks for any."""
    if config.token_file is not None:
        return read_tokens(config.token_file).rights[0][0]
    return made_tokens(bytes.fromhex(environ[SECRET]))[Right.VIEWER]


def _words(command: list[str]) -> list[str]:
    """Return the module that a command runs, and its options; nothing where it runs none."""
    words = command[2:] if command[1:2] == ["-m"] else []
    return words[1:] if words[:1] == [STARTER] else words


def _running(module: str) -> list[psutil.Process]:
    processes = psutil.process_iter(["cmdline"])
    return [each for each in processes if _words(each.info["cmdline"] or [])[:1] == [module]]


def main() -> int:
    """Ask; return 0 where all is well, else 1, and say why."""
    if not _running(SUPERVISOR):
        sys.stdout.write("no page runs here\n")
        return 0
    try:
        page = next(iter(_running(STAGE)), None)
        trouble = "the page is being started" if page is None else trouble_of(page)
    except (ConfigError, OSError, HTTPException, psutil.Error) as error:
        trouble = f"the page does not answer: {error!r}"
    sys.stdout.write(f"{trouble or 'the pipeline works'}\n")
    return int(bool(trouble))


if __name__ == "__main__":
    sys.exit(main())
