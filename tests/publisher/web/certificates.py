"""Certificates that sign themselves, and the settings that name them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from common.config import load_config
from publisher.config import PublisherConfig
from tests.support.programs import needed


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate of localhost that signs itself, and return it and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = [needed("openssl"), "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key)]
    subprocess.run([*command, "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


def config_of(**environ: object) -> PublisherConfig:
    texts = {name: str(value) for name, value in environ.items()}
    return load_config(PublisherConfig, "publisher", [], texts)
