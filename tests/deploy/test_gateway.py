"""The gateway of ``deploy/kubernetes``: its configuration in a real nginx, before real cells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import psutil
import pytest

from capture.cells import cell_of
from ferstream.commands.cells import main as write_places
from tests.deploy.manifests import one
from tests.support.pipeline import Pipeline, free_port
from tests.support.waiting import DEADLINE_S, eventually

pytestmark = pytest.mark.e2e

LOOK = "look-look-look-look"
BEARER = {"Authorization": f"Bearer {LOOK}"}
NAMES = ("hall", "gate", "default")
"""The last means something else to nginx."""
HOST = "cameras.example"
NGINX = """daemon off;
user root;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    {temporary}
    include {folder}/ferstream.conf;
}}
"""
PART_BYTES = 1024 * 1024
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Gateway:
    """nginx with the configuration of the ConfigMap.

    Cell N is at 127.0.0.1N here, on the port of all, as it is cell-N in a cluster.

    Args:
        folder: For its files, and those that its container finds in /gateway.
        cells: The port of all cells.
    """

    def __init__(self, folder: Path, cells: int) -> None:
        self.port = free_port()
        self.cells = cells
        self.folder = folder
        text = one("base", "ConfigMap", "gateway")["data"]["ferstream.conf.template"]
        for there, here in (
            ("listen 8080", f"listen 127.0.0.1:{self.port}"),
            ("/dev/stdout", f"{folder}/access.log"),
            ("/dev/stderr", f"{folder}/error.log"),
            ("${NGINX_LOCAL_RESOLVERS}", "127.0.0.1"),
            ("cells.${FERSTREAM_NAMESPACE}.svc.cluster.local", "127.0.0.10"),
            ("cell-$cell.$cells:5000", f"127.0.0.1$cell:{cells}"),
            ("cell-$number.$cells:5000", f"127.0.0.1$number:{cells}"),
            ("$cells:5000", f"$cells:{cells}"),
            ("include /gateway/", f"include {folder}/"),
            ("root /gateway;", f"root {folder};"),
        ):
            assert there in text
            text = text.replace(there, here)
        (folder / "ferstream.conf").write_text(text)
        temporary = "\n    ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
        made = NGINX.format(folder=folder, temporary=temporary)
        (folder / "nginx.conf").write_text(
            made if os.geteuid() == 0 else made.replace("user ", "#")
        )
        self.process = subprocess.Popen(
            [nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    @contextmanager
    def ask(
        self, path: str, method: str = "GET", body: str = "", **headers: str
    ) -> Iterator[HTTPResponse]:
        """Send a request and yield the answer, whatever it is; its body can still be read."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)) as connection:
            connection.request(method, path, body, {"Host": HOST, **headers})
            with connection.getresponse() as answer:
                yield answer

    def code(self, path: str, **headers: str) -> int:
        try:
            with self.ask(path, **headers) as answer:
                return answer.status
        except ConnectionError:
            return 0

    def is_asking(self) -> bool:
        """Return whether a cell is being asked for something."""
        workers = psutil.Process(self.process.pid).children()
        connections = (each for worker in workers for each in worker.net_connections("tcp"))
        return any(each.raddr and each.raddr.port == self.cells for each in connections)

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=DEADLINE_S)


def nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip("needs nginx")
    return found


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Two cells that share a list, and the gateway before them."""
    nginx()
    folder = tmp_path_factory.mktemp("gateway")
    folder.chmod(0o755)
    tokens, listed, port = folder / "tokens", folder / "cameras", free_port()
    tokens.write_text(f"viewer {LOOK}\nsessions of-all-cells-alike\n")
    tokens.chmod(0o600)
    listed.write_text("".join(f"{name} demo\n" for name in NAMES))
    assert write_places([str(listed), "--cells", "2", "--gateway", str(folder)]) == 0
    settings: dict[str, str | Path] = {
        "CAPTURE_CAMERAS": listed,
        "CAPTURE_CELLS": "2",
        "PUBLISHER_TOKEN_FILE": tokens,
        "PUBLISHER_HOSTS": HOST,
        "PUBLISHER_PORT": str(port),
    }
    with ExitStack() as stack:
        for number in range(2):
            own = {"CAPTURE_CELL": str(number), "PUBLISHER_HOST": f"127.0.0.1{number}"}
            stack.enter_context(Pipeline(**settings, **own))
        made = Gateway(folder, port)
        stack.callback(made.close)
        eventually(
            lambda: all(made.code(f"/snapshot/{name}.jpg", **BEARER) == 200 for name in NAMES)
        )
        yield made


@pytest.fixture(scope="module")
def session(gateway: Gateway) -> dict[str, str]:
    """Sign in, as the form does; return what a browser keeps."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with gateway.ask("/login", "POST", f"token={LOOK}", **form) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "./")
        cookie = answer.headers["Set-Cookie"]
    assert {"Secure", "secure"} & set(cookie.split("; "))
    assert "Path=/" in cookie
    return {"Cookie": cookie.partition(";")[0]}


def test_both_cells_have_cameras() -> None:
    assert {cell_of(name, 2) for name in NAMES} == {0, 1}


def test_who_has_not_signed_in_is_sent_to_the_form(gateway: Gateway) -> None:
    with gateway.ask("/") as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/login")
    assert gateway.code("/login", Accept="text/html") == 200
    assert gateway.code("/static/login.css") == gateway.code("/fleet.css") == 200
    for name in NAMES:
        assert gateway.code(f"/snapshot/{name}.jpg") == 401
    assert gateway.code("/cell-1/api/status") == 401


def test_one_login_opens_all_cells_and_one_page_has_all_cameras(
    gateway: Gateway, session: dict[str, str]
) -> None:
    with gateway.ask("/", **session) as answer:
        page = answer.read().decode()
    pictures = re.findall(r'src="(snapshot/.*?)"', page)
    assert pictures == [f"snapshot/{name}.jpg" for name in sorted(NAMES)]
    for picture in pictures:
        with gateway.ask(f"/{picture}", **session) as answer:
            assert answer.read().startswith(b"\xff\xd8")
    for page_of_cell in re.findall(r'href="(cell-\d+/)#', page):
        assert gateway.code(f"/{page_of_cell}", **session) == 200


def test_a_camera_is_found_wherever_it_is(gateway: Gateway, session: dict[str, str]) -> None:
    for name in NAMES:
        with gateway.ask(f"/video_feed/{name}?boxes=0", **session) as answer:
            assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
            assert b"image/jpeg" in answer.read(200)
        status = f"/cell-{cell_of(name, 2)}/api/status"
        with gateway.ask(status, **session) as answer:
            assert f'"{name}"'.encode() in answer.read()
    assert gateway.code("/video_feed/nobody", **session) == 404


def test_a_cell_has_its_page_in_a_folder(gateway: Gateway, session: dict[str, str]) -> None:
    with gateway.ask("/cell-1", **session) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/cell-1/")
    with gateway.ask("/cell-1%0a", **session) as answer:
        assert answer.headers["Location"] == "/cell-1/", "an address ends no line of a header"
    assert gateway.code("/cell-1/static/page.js") == 200
    assert gateway.code("/cell-7/", **session) == 502


@pytest.mark.parametrize(
    "path",
    ["/cell-0/metrics", "/cell-0/healthz", "/cell-1/readyz", "/metrics", "/api/status", "/events"],
)
def test_what_is_not_for_people_is_not_there(
    path: str, gateway: Gateway, session: dict[str, str]
) -> None:
    assert gateway.code(path, **session) == 404


def test_an_image_is_taken_by_any_cell(gateway: Gateway, session: dict[str, str]) -> None:
    """Here it is refused, by a cell: the token is a viewer's."""
    with gateway.ask("/api/analyze", "POST", "x", **session) as answer:
        assert answer.status == 403
        assert b"takes an operator's" in answer.read()


def test_an_upload_is_passed_on_as_it_comes(gateway: Gateway) -> None:
    """Who has no token yet could fill the gateway's volume, and a pod whose is full is evicted."""
    eventually(lambda: not gateway.is_asking())
    with closing(HTTPConnection("127.0.0.1", gateway.port, timeout=DEADLINE_S)) as connection:
        connection.putrequest("POST", "/api/analyze", skip_host=True)
        connection.putheader("Host", HOST)
        connection.putheader("Content-Length", str(2 * PART_BYTES))
        connection.endheaders(bytes(PART_BYTES))
        eventually(gateway.is_asking, "a cell that is given the part that has come")
        assert not list((gateway.folder / "client_body").iterdir())


def test_no_token_in_an_address_is_logged(gateway: Gateway) -> None:
    assert gateway.code(f"/static/nothing?token={LOOK}") == 404
    assert gateway.code(f"/cell-7/login?token={LOOK}") == 502
    log = gateway.folder / "access.log"
    eventually(lambda: " 127.0.0.17:" in log.read_text(), log.read_text)
    assert "GET /static/nothing " in log.read_text()
    assert LOOK not in log.read_text() + (gateway.folder / "error.log").read_text()
