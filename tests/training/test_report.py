from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.training.exported_run import write_finished_run, write_manifest, write_unfinished_run
from training.measure.run_summary import PICTURES
from training.report import main

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Takes a page apart, and fails on tags that do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, tag: str, attribute: str) -> list[str]:
        return [str(found[attribute]) for name, found in self.tags if name == tag]


def make_report(folder: Path) -> Page:
    assert main([str(folder)]) == 0
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_the_page_of_a_finished_run_has_all_of_it(tmp_path: Path) -> None:
    write_finished_run(tmp_path / "tiny")
    page = make_report(tmp_path / "tiny")
    assert "python -m training.train --data data/fer2013 --out runs/tiny" in page.text
    assert "3 epochs in 3 h 5 min; exported: epoch 2" in page.text
    assert "tensorflow 2.21.0" in page.text
    assert "data: file sha256: train.zip " + "ef" * 32 in page.text
    assert "4.70 MB" in page.text
    assert "75.0 % on 20 faces" in page.text
    assert "2 (exported) 48 0.10000 1.8000 25.0 % 1.6000 50.0 % 60.0" in page.text
    assert page.values("img", "alt") == [picture.alt for picture in PICTURES]
    assert "What is missing" not in page.text


def test_nothing_on_the_page_comes_from_elsewhere(tmp_path: Path) -> None:
    write_finished_run(tmp_path / "tiny")
    page = make_report(tmp_path / "tiny")
    assert all(source.startswith("data:image/png;") for source in page.values("img", "src"))
    targets = page.values("a", "href")
    places = {str(found["id"]) for _, found in page.tags if "id" in found}
    assert {target.removeprefix("#") for target in targets} <= places
    assert all(target.startswith("#") for target in targets)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert "url(" not in (tmp_path / "tiny" / "report.html").read_text(encoding="utf-8")


def test_the_page_of_a_run_that_goes_on_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_unfinished_run(tmp_path / "tiny")
    page = make_report(tmp_path / "tiny")
    assert "3 epochs in 3 min so far; not exported yet" in page.text
    assert "What is missing" in page.text
    assert len(page.values("img", "src")) == 3
    assert "missing: pictures: confusion_matrix.png" in capsys.readouterr().out


def test_what_the_files_say_cannot_become_markup(tmp_path: Path) -> None:
    name = "<b>&amp;\"'run"
    manifest = write_finished_run(tmp_path / name)
    evil = "</td><script>alert(1)</script>"
    metrics = manifest["metrics"]
    assert isinstance(metrics, dict)
    changed = {
        "command": evil,
        "config": {evil: evil},
        "versions": {evil: evil},
        "data": {evil: {evil: [evil]}},
        evil: evil,
        "metrics": {evil: metrics["expression.onnx"] | {"split": evil}},
    }
    write_manifest(tmp_path / name, manifest | changed)
    page = make_report(tmp_path / name)
    assert not {"script", "b"} & {tag for tag, _ in page.tags}
    assert page.text.count(evil) >= 9
    assert name in page.text


def test_the_page_goes_where_it_is_wanted(tmp_path: Path) -> None:
    write_unfinished_run(tmp_path / "tiny")
    out = tmp_path / "pages" / "tiny.html"
    assert main([str(tmp_path / "tiny"), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not (tmp_path / "tiny" / "report.html").exists()


def test_who_reads_the_old_page_reads_it_whole(tmp_path: Path) -> None:
    page = tmp_path / "tiny" / "report.html"
    manifest = write_finished_run(tmp_path / "tiny")
    make_report(tmp_path / "tiny")
    before = page.read_bytes()
    with page.open("rb") as reader:
        write_manifest(tmp_path / "tiny", manifest | {"command": "another"})
        make_report(tmp_path / "tiny")
        assert reader.read() == before
    assert page.read_bytes() != before
