from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigError
from common.face_model import LABELS
from training.data.label_maps import FER2013_LABELS, LABEL_MAPS, label_of, read_label_map


@pytest.mark.parametrize(
    ("folder", "label"), [("Happy", "happy"), ("anger", "angry"), ("SADNESS", "sad")]
)
def test_usual_words_need_no_map(folder: str, label: str) -> None:
    assert label_of(folder, FER2013_LABELS, "here") == LABELS.index(label)


@pytest.mark.parametrize("name", LABEL_MAPS)
def test_every_built_in_map_reaches_every_label(name: str) -> None:
    labels = read_label_map(name)
    folders = [*LABELS, *LABEL_MAPS[name]]
    found = {label_of(folder, labels, "here") for folder in folders} - {None}
    assert found == set(range(len(LABELS)))


def test_a_file_names_folders_and_what_to_leave_out(tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    file.write_text('{"Joy": "happy", "contempt": null}')
    labels = read_label_map(str(file))
    assert label_of("joy", labels, "here") == LABELS.index("happy")
    assert label_of("contempt", labels, "here") is None
    with pytest.raises(ConfigError, match=r"here: 'bored' is no emotion, .*--label-map"):
        label_of("bored", labels, "here")


@pytest.mark.parametrize(
    "content", ["[]", "nonsense", '{"joy": "joy"}', '{"joy": ["happy"]}', "\xff"]
)
def test_what_is_no_map_is_refused_by_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "map.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"map\.json is damaged .*for --label-map"):
        read_label_map(str(file))
    with pytest.raises(ConfigError, match="affectnet, ck\\+, raf-db or a JSON file that is there"):
        read_label_map(str(tmp_path / "gone.json"))
