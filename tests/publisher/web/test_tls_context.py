"""Which certificates are taken, and what is said of others."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from common.errors import ConfigError
from publisher.stage import tls_of
from tests.publisher.web.certificates import config_of, make_certificate
from tests.support.programs import needed


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "server")


def test_versions_before_1_2_are_refused(files: tuple[Path, Path]) -> None:
    context = tls_of(config_of(PUBLISHER_TLS_CERT=files[0], PUBLISHER_TLS_KEY=files[1]))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2  # no client here speaks older ones


def test_without_a_certificate_it_is_http() -> None:
    assert tls_of(config_of()) is None


def test_a_certificate_without_a_key_is_an_error_and_a_key_without_one(
    files: tuple[Path, Path],
) -> None:
    with pytest.raises(ConfigError, match="PUBLISHER_TLS_KEY is not set"):
        tls_of(config_of(PUBLISHER_TLS_CERT=files[0]))
    with pytest.raises(ConfigError, match="PUBLISHER_TLS_CERT is not set"):
        tls_of(config_of(PUBLISHER_TLS_KEY=files[1]))
    with pytest.raises(ConfigError, match=r"PUBLISHER_TLS_CERT=nowhere\.pem: expected a file"):
        config_of(PUBLISHER_TLS_CERT="nowhere.pem")


def test_files_that_cannot_be_used_are_an_error_that_says_why(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    _, other_key = make_certificate(tmp_path, "other")
    with pytest.raises(ConfigError, match="the key is that of another certificate"):
        tls_of(config_of(PUBLISHER_TLS_CERT=files[0], PUBLISHER_TLS_KEY=other_key))
    locked = tmp_path / "locked.key"
    command = [needed("openssl"), "ec", "-aes256", "-passout", "pass:secret"]
    command += ["-in", str(files[1]), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    for key in (locked, files[0]):
        with pytest.raises(ConfigError, match="both PEM, the key without a password"):
            tls_of(config_of(PUBLISHER_TLS_CERT=files[0], PUBLISHER_TLS_KEY=key))
