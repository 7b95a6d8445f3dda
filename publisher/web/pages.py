"""The page, and whether the publisher is well."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template

from publisher.live.board import Board


def pages(board: Board) -> Blueprint:
    """Return the routes of the page and of health."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    def index() -> str:
        return render_template("index.html")

    @routes.get("/healthz")
    def healthz() -> tuple[Response, int]:
        alive = board.alive
        return jsonify(alive=alive), 200 if alive else 503

    @routes.get("/readyz")
    def readyz() -> tuple[Response, int]:
        reasons = [problem.text for problem in board.problems]
        return jsonify(ready=not reasons, reasons=reasons), 503 if reasons else 200

    return routes
