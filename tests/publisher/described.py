"""Holds JSON against the schemas that the publisher describes it with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

DESCRIPTION: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "publisher" / "web" / "openapi.json").read_text()
)


def assert_described(value: object, schema: str) -> None:
    """Fail where a value does not fit the schema of that name in every detail."""
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": DESCRIPTION["components"]},
        validate_formats=True,
    )
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]
    assert not errors, f"not a {schema}: {errors}"
