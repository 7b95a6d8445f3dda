from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import ConfigError
from common.face_model import LABELS
from tests.training.synthetic_faces import (
    encode_png,
    make_faces,
    write_csv,
    write_folder,
    write_votes,
    write_zip,
)
from training.data.decode import MAX_IMAGE_BYTES
from training.data.faces import FaceSet, content_sha256
from training.data.label_maps import LABEL_MAPS
from training.data.readers import find_split, load_split


def assert_same(actual: FaceSet, expected: FaceSet) -> None:
    np.testing.assert_array_equal(actual.images, expected.images)
    np.testing.assert_array_equal(actual.labels, expected.labels)
    np.testing.assert_array_equal(actual.votes, expected.votes)
    assert actual.names == expected.names


def test_all_three_forms_load_the_same_arrays(tmp_path: Path) -> None:
    train = make_faces(20, seed=1)
    validation = make_faces(9, seed=2, first=20)
    both = {"train": train, "validation": validation}
    for split, faces in both.items():
        write_folder(tmp_path / "folder", split, faces)
        write_zip(tmp_path / "zip", split, faces)
    write_csv(tmp_path / "csv", both)
    for form in ("folder", "zip"):
        write_votes(tmp_path / form, train)
        assert_same(load_split(tmp_path / form, "train"), train)
        loaded = load_split(tmp_path / form, "validation")
        assert not loaded.votes.any(), "nobody voted on these"
        assert content_sha256(loaded) == content_sha256(validation)
    for split, faces in both.items():
        loaded = load_split(tmp_path / "csv", split)
        np.testing.assert_array_equal(loaded.images, faces.images)
        assert content_sha256(loaded) == content_sha256(faces)


def test_votes_belong_to_the_rows_of_the_csv_whatever_they_are_called(tmp_path: Path) -> None:
    """Rows that FER+ found no face in have no name there, and those after them another number."""
    train, validation = make_faces(20, seed=1), make_faces(9, seed=2, first=20)
    write_csv(tmp_path, {"train": train, "validation": validation})
    votes = write_votes(tmp_path, train, validation)
    lines = votes.read_text().splitlines()
    lines[1:] = [line.replace("fer0000004.png", "").replace("fer00", "fer99") for line in lines[1:]]
    votes.write_text("\n".join(lines) + "\n")
    for split, faces in (("train", train), ("validation", validation)):
        np.testing.assert_array_equal(load_split(tmp_path, split).votes, faces.votes)


def test_votes_on_other_rows_than_those_of_the_csv_are_refused(tmp_path: Path) -> None:
    faces = make_faces(20, seed=1)
    write_csv(tmp_path, {"train": faces})
    write_votes(tmp_path, faces.take(np.arange(19)))
    with pytest.raises(ConfigError, match=r"ferplus\.csv has 19 rows and fer2013\.csv 20"):
        load_split(tmp_path, "train")


def test_other_sizes_and_colours_become_48_px_grey(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    large = random.integers(0, 256, (96, 144, 3)).astype(np.uint8)
    (tmp_path / "test" / "Happy").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "test" / "Happy" / "a.JPG"), large)
    faces = load_split(tmp_path, "test")
    gray = cv2.imread(str(tmp_path / "test" / "Happy" / "a.JPG"), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    expected = cv2.resize(gray, (48, 48), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(faces.images[0], expected)
    assert faces.labels.tolist() == [LABELS.index("happy")]


def test_missing_emotions_and_foreign_files_are_no_error(tmp_path: Path) -> None:
    faces = make_faces(3, seed=4)
    write_folder(tmp_path, "mine", faces)
    (tmp_path / "mine" / ".cache").mkdir()
    (tmp_path / "mine" / "readme.txt").write_text("hello")
    (tmp_path / "mine" / "angry" / "Thumbs.db").write_text("hello")
    np.testing.assert_array_equal(load_split(tmp_path, "mine").images, faces.images)


def test_a_zip_made_elsewhere_is_read(tmp_path: Path) -> None:
    """Some programs let the names of members begin with a dot, macOS adds members of its own."""
    faces = make_faces(3, seed=5)
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        for image, label, name in zip(faces.images, faces.labels, faces.names, strict=True):
            archive.writestr(f"./train/{LABELS[label]}/{name}.png", encode_png(image))
        archive.writestr("__MACOSX/train/angry/._fer0000000.png", b"no image")
    np.testing.assert_array_equal(load_split(tmp_path, "train").images, faces.images)


def test_votes_of_microsofts_own_file_are_read(tmp_path: Path) -> None:
    faces = make_faces(4, seed=6)
    write_folder(tmp_path, "train", faces)
    write_votes(tmp_path, faces)
    file = tmp_path / "ferplus.csv"
    file.write_text(file.read_text().replace("split,image,", "Usage,Image name,"))
    np.testing.assert_array_equal(load_split(tmp_path, "train").votes, faces.votes)


@pytest.mark.parametrize("there", [[], ["holiday.zip", "notes.txt"]])
def test_nothing_to_read_names_what_was_expected_and_found(
    tmp_path: Path, there: list[str]
) -> None:
    for name in there:
        (tmp_path / name).write_text("x")
    with pytest.raises(ConfigError) as caught:
        load_split(tmp_path, "train")
    for part in ("train.zip", "fer2013.csv", "train/<emotion>", *(there or ["nothing"])):
        assert part in str(caught.value)


def test_a_path_that_is_no_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gone is not a directory"):
        load_split(tmp_path / "gone", "train")


def test_a_label_map_renames_folders_and_leaves_some_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = make_faces(7, seed=8)
    numbers = {"surprise": "1", "fear": "2", "disgust": "3", "happy": "4", "neutral": "contempt"}
    for image, label, name in zip(faces.images, faces.labels, faces.names, strict=True):
        folder = tmp_path / numbers.get(LABELS[label], LABELS[label])
        folder.mkdir()
        (folder / f"{name}.png").write_bytes(encode_png(image))
    write_zip_of_folders(tmp_path)
    labels = {**LABEL_MAPS["raf-db"], "contempt": None}
    for split in (".", "zipped"):
        loaded = load_split(tmp_path, split, labels)
        kept = faces.labels != LABELS.index("neutral")
        np.testing.assert_array_equal(np.sort(loaded.labels), np.sort(faces.labels[kept]))
        np.testing.assert_array_equal(loaded.images, faces.images[kept])
        assert capsys.readouterr().out.startswith("1 images of ")


def write_zip_of_folders(folder: Path) -> None:
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        for file in sorted(folder.glob("*/*.png")):
            archive.write(file, file.relative_to(folder))


def bomb_png() -> bytes:
    """Return a PNG of 70 bytes that claims 60000 x 60000 pixels."""
    chunks = (
        b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0),
        b"IDAT" + zlib.compress(b""),
        b"IEND",
    )
    packed = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bomb_png(), "more than 64 million pixels"),
        (encode_png(make_faces(1, seed=7).images[0])[:60], "damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0", "damaged"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "damaged"),
        (b"GIF89a and so on", "neither PNG nor JPEG"),
        (b"", "neither PNG nor JPEG"),
    ],
)
def test_a_file_that_is_no_usable_image_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    write_folder(tmp_path, "train", make_faces(2, seed=8))
    (tmp_path / "train" / "sad").mkdir()
    (tmp_path / "train" / "sad" / "broken.png").write_bytes(data)
    with pytest.raises(ConfigError, match=message) as caught:
        load_split(tmp_path, "train")
    assert "broken.png" in str(caught.value)


def test_a_zip_member_that_would_unpack_to_too_much_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "train.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/happy/a.png", bytes(MAX_IMAGE_BYTES + 1))
    with pytest.raises(ConfigError, match=f"expected at most {MAX_IMAGE_BYTES}"):
        load_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("emotion,Usage\n", r"no column \['pixels'\]"),
        ("emotion,pixels,Usage\n0,1 2 3,Training\n", "with 3 pixels, expected 0 to 6 with 2304"),
        (f"emotion,pixels,Usage\n7,{'1 ' * 2304},Training\n", "emotion 7"),
        (f"emotion,pixels,Usage\n1,{'256 ' * 2304},Training\n", "of 0 to 255"),
        ("emotion,pixels,Usage\n1,a b,Training\n", "are not numbers"),
        ("emotion,pixels,Usage\n", "no images of 'train'"),
    ],
)
def test_a_csv_that_is_not_fer2013_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "fer2013.csv").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train.zip", b"not a zip", r"train\.zip is not a readable zip file"),
        ("fer2013.csv", bytes(range(256)), r"fer2013\.csv is not a readable csv file"),
        ("train/happy/notes.txt", b"", "holds no images of 'train'"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, file: str, content: bytes, message: str
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_split(tmp_path, "train")


def test_votes_without_the_right_columns_are_an_error(tmp_path: Path) -> None:
    write_folder(tmp_path, "train", make_faces(2, seed=9))
    (tmp_path / "ferplus.csv").write_text("image,happy\na.png,1\n")
    with pytest.raises(ConfigError, match=r"ferplus\.csv has the columns"):
        load_split(tmp_path, "train")


def test_a_damaged_zip_member_is_an_error(tmp_path: Path) -> None:
    write_zip(tmp_path, "train", make_faces(2, seed=11))
    damaged = bytearray((tmp_path / "train.zip").read_bytes())
    damaged[200] ^= 0xFF
    (tmp_path / "train.zip").write_bytes(bytes(damaged))
    with pytest.raises(ConfigError, match=r"train\.zip is not a readable zip file"):
        load_split(tmp_path, "train")


def test_a_csv_has_only_its_own_three_splits(tmp_path: Path) -> None:
    write_csv(tmp_path, {"train": make_faces(2, seed=10)})
    assert find_split(tmp_path, "test") == tmp_path / "fer2013.csv"
    assert find_split(tmp_path, "holiday") is None


def test_the_real_splits_have_their_published_counts(fer2013: dict[str, FaceSet]) -> None:
    counts = {
        "train": [3995, 436, 4097, 7215, 4830, 3171, 4965],
        "validation": [467, 56, 496, 895, 653, 415, 607],
    }
    for split, expected in counts.items():
        faces = fer2013[split]
        assert np.bincount(faces.labels).tolist() == expected
        assert (faces.votes.sum(axis=1) > 0).mean() > 0.99
