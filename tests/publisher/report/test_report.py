"""The command, as a user runs it."""

from __future__ import annotations

import base64
import html
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from publisher.faces import TURNED_AWAY
from publisher.recording.mp4 import Mp4File
from tests.publisher.report.made import face, record

ROOT = Path(__file__).resolve().parents[3]


def report(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "publisher.report", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


class Page:
    """What a page shows and what it loads."""

    def __init__(self, path: Path) -> None:
        self.source = path.read_text(encoding="utf-8")
        self.loads = re.findall(r'src="(.*?)"', self.source)
        self.links = re.findall(r'href="(.*?)"', self.source)
        self.labels = re.findall(r'<svg [^>]*role="img" aria-label="(.*?)"', self.source)
        shown = re.sub(r"<style>.*?</style>|<.*?>", " ", self.source, flags=re.DOTALL)
        self.text = " ".join(html.unescape(shown).split())


def talk(folder: Path) -> Path:
    """Record four seconds: three happy, one sad; a second face for the first one."""
    frames = [
        [
            face("happy" if number < 75 else "sad"),
            *([face("fear", track_id=2)] if number < 25 else []),
        ]
        for number in range(100)
    ]
    return record(folder / "talk.csv", frames)


def test_one_page_says_it_all(tmp_path: Path) -> None:
    done = report(talk(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (0, 2), done.stderr
    page = Page(tmp_path / "talk.report.html")
    for expected in (
        "Duration 0:04.0 Frames 100",
        "Faces shown, over all frames 125 Tracks 2",
        "happy 60 %",
        "sad 20 %",
        "fear 20 %",
        "Face 1 0:00.0 to 0:04.0",
        "80 % at 0:00.0",
        "Of its frames: happy 75 % · sad 25 %",
        "Angry, disgust, surprise: never as likely as 50 %.".lower(),
    ):
        assert expected.lower() in page.text.lower()
    assert page.labels[0] == "Face 1, 0:00.0 to 0:04.0: happy 75 %, sad 25 %"
    assert "turned away" not in page.text
    assert page.links == []
    main = page.source.partition("<main>")[2].partition("</main>")[0]
    assert all(f'id="{part}"' in main for part in ("health", "overall", "timelines", "moments"))


MADE_BY = {
    "ferstream": "9.8",
    "started_at": "2026-11-26T13:14:15.000000+00:00",
    "cameras": {"cam": {"mode": "lossless", "source": "t.mp4", "width": 160, "sha256": None}},
    "detectors": [{"detector": "haar", "min_face": 0.04}],
    "classifiers": [{"backend": "onnx", "model": "expression.onnx", "sha256": "cef5"}],
}


@pytest.mark.parametrize("name", ["talk.csv", "talk.jsonl", "talk.parquet"])
def test_it_says_what_made_the_results(tmp_path: Path, name: str) -> None:
    results = record(tmp_path / name, [[face()]], metadata=MADE_BY)
    assert report(results).returncode == 0
    text = Page(tmp_path / "talk.report.html").text
    for expected in (
        "ferstream 9.8 Started 2026-11-26 13:14:15 UTC",
        "Camera cam mode lossless, source t.mp4, width 160 Detector",
        "Detector detector haar, min face 0.04",
        "Classifier backend onnx, model expression.onnx, sha256 cef5",
    ):
        assert expected in text


def clip(path: Path, level: int, camera: str = "cam") -> Path:
    """Record four seconds of one grey."""
    video = Mp4File(path, 120, 160, camera)
    for number in range(100):
        video.write(np.full((120, 160, 3), level, np.uint8), number / 25)
    video.close()
    return path


def level_of(page: Page) -> int:
    """Return how bright the faces are that were cut out."""
    jpeg = base64.b64decode(page.loads[0].partition(",")[2])
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    return round(float(decoded.mean()))


def test_faces_come_from_what_was_recorded_clean(tmp_path: Path) -> None:
    recorded = {"annotated": "talk.mp4", "clean": "without boxes.mp4"}
    results = record(tmp_path / "talk.csv", [[face()]] * 100, metadata={"recorded": recorded})
    clip(tmp_path / "talk.mp4", 50)
    clip(tmp_path / "without boxes.mp4", 200)
    assert report(results).returncode == 0
    page = Page(tmp_path / "talk.report.html")
    assert abs(level_of(page) - 200) < 5
    assert {link.partition("#")[0] for link in page.links} == {"without%20boxes.mp4"}


def test_faces_come_from_the_source_where_it_is_beside_the_results(tmp_path: Path) -> None:
    source = clip(tmp_path / "party.mp4", 200)
    about = {"source": "party.mp4", "bytes": source.stat().st_size}
    results = record(tmp_path / "talk.csv", [[face()]] * 100, metadata={"cameras": {"cam": about}})
    clip(tmp_path / "talk.mp4", 50)
    assert report(results).returncode == 0
    assert abs(level_of(Page(tmp_path / "talk.report.html")) - 200) < 5
    source.write_bytes(source.read_bytes() + b"0")  # it is another one now
    assert report(results).returncode == 0
    assert abs(level_of(Page(tmp_path / "talk.report.html")) - 50) < 5


def test_a_recording_of_a_later_run_is_not_taken(tmp_path: Path) -> None:
    results = record(
        tmp_path / "talk.csv", [[face()]] * 100, metadata={"recorded": {"clean": "clean.mp4"}}
    )
    os.utime(results, (0, 0))
    clip(tmp_path / "clean.mp4", 200)
    assert "no pictures" in report(results).stderr
    assert Page(tmp_path / "talk.report.html").links == []


def test_times_are_links_into_the_video(tmp_path: Path) -> None:
    results = talk(tmp_path)
    clip(tmp_path / "talk.mp4", 100)
    pages = tmp_path / "pages"
    pages.mkdir()
    assert report(results, "--out", pages / "a.html").returncode == 0
    page = Page(pages / "a.html")
    video = "../talk.mp4"
    assert page.links[:4] == [
        *(f"{video}#t=0", f"{video}#t=3.96"),
        *(f"{video}#t=0", f"{video}#t=0.96"),
    ]
    assert f"{video}#t=3" in page.links[4:]  # where the first face became sad
    assert '<a href="../talk.mp4#t=3.96">0:04.0</a>' in page.source


def test_a_report_of_another_run_is_kept_and_one_of_the_same_replaced(tmp_path: Path) -> None:
    out = tmp_path / "talk.report.html"
    assert f"wrote {out}" in report(talk(tmp_path)).stderr
    of_talk = out.read_bytes()
    again = report(tmp_path / "talk.csv")
    assert f"replaced {out}" in again.stderr
    assert not (tmp_path / "talk.report.1.html").exists()
    (tmp_path / "talk.csv").unlink()
    record(tmp_path / "talk.csv", [[face("sad")] for _ in range(50)])
    other = report(tmp_path / "talk.csv")
    kept = tmp_path / "talk.report.1.html"
    assert f"{out} is there already; moved it to {kept}" in other.stderr
    assert kept.read_bytes() == of_talk
    assert "sad 100 %" in Page(out).text


def test_a_run_that_goes_on_has_one_report(tmp_path: Path) -> None:
    frames = [[face("happy")] for _ in range(60)]
    assert report(record(tmp_path / "talk.csv", frames[:30])).returncode == 0
    (tmp_path / "talk.csv").unlink()
    assert "replaced" in report(record(tmp_path / "talk.csv", frames)).stderr


def test_a_page_that_is_no_report_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "mine.html"
    out.write_text("<p>my own page</p>")
    assert report(talk(tmp_path), "--out", out).returncode == 0
    assert (tmp_path / "mine.1.html").read_text() == "<p>my own page</p>"
    assert "Expressions in talk.csv" in Page(out).text


def test_what_the_page_is_made_of_has_its_style(tmp_path: Path) -> None:
    assert report(talk(tmp_path)).returncode == 0
    style, _, body = Page(tmp_path / "talk.report.html").source.partition("</style>")
    used = {name for names in re.findall(r'class="([^"]+)"', body) for name in names.split()}
    assert {"bars", "fill", "swatch"} <= used
    assert [name for name in sorted(used) if f".{name}" not in style and name != "report"] == []


def test_faces_that_are_turned_away_are_counted_as_such(tmp_path: Path) -> None:
    away = replace(face(), label=TURNED_AWAY, confidence=None, smoothed=(), probabilities=())
    results = record(
        tmp_path / "talk.csv", [[away if number < 25 else face()] for number in range(100)]
    )
    assert report(results).returncode == 0
    page = Page(tmp_path / "talk.report.html")
    assert page.labels[0] == "Face 1, 0:00.0 to 0:04.0: happy 75 %, turned away 25 %"
    assert "80 % at 0:01.0" in page.text  # no moment of an expression before
    assert page.text.count("turned away") == 3  # share, legend, track


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    results = talk(tmp_path)
    video = Mp4File(tmp_path / "talk.mp4", 120, 160, "cam")
    for number in range(100):
        video.write(np.full((120, 160, 3), number, np.uint8), number / 25)
    video.close()
    assert "3 of 3 faces cut out of" in report(results).stderr
    page = Page(tmp_path / "talk.report.html")
    assert len(page.loads) == 3
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.loads)
    assert not re.search(r"https?://|@import|url\(", page.source)
    assert "prefers-color-scheme: dark" in page.source


def test_names_of_cameras_are_text_not_html(tmp_path: Path) -> None:
    record(tmp_path / "a.csv", [[face()]], "<img src=x>")
    other = record(tmp_path / "b.csv", [[face()]], "b").read_text().splitlines()[1]
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text() + other + "\n")
    assert report(tmp_path / "a.csv").returncode == 0
    page = Page(tmp_path / "a.report.html")
    assert page.loads == []
    assert "<img src=x>" in page.text


def test_frames_without_a_face_make_a_page_too(tmp_path: Path) -> None:
    results = record(tmp_path / "empty.csv", [[], []])
    assert report(results).returncode == 0
    assert "No face was found" in Page(tmp_path / "empty.report.html").text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.csv"], "nowhere.csv: there is no such file"),
        ([__file__], "expected a file that ends in .csv or .jsonl or .parquet"),
        (["README.md", "--video", "nowhere.mp4"], "--video nowhere.mp4: there is no such file"),
    ],
)
def test_what_is_wrong_is_one_line_and_code_2(arguments: list[str], why: str) -> None:
    done = report(*arguments)
    assert done.returncode == 2
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_video_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_text("no video")
    done = report(talk(tmp_path))
    assert (done.returncode, "talk.mp4 is not a video" in done.stderr) == (2, True)
    assert not (tmp_path / "talk.report.html").exists()


def test_help_explains() -> None:
    done = report("--help")
    assert done.returncode == 0
    for word in (".parquet", "--video", "--out", ".report.html", "timeline"):
        assert word in done.stdout
