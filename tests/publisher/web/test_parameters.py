"""How viewers say what they want to see."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import BadRequest

from publisher.drawing.look import Look
from publisher.web.parameters import look_of, tab_of


def test_the_usual_look_has_boxes_and_clear_faces() -> None:
    assert look_of({}) == Look(boxes=True, blurred=False)


def test_each_part_is_chosen_by_itself() -> None:
    assert look_of({"boxes": "0"}) == Look(boxes=False, blurred=False)
    assert look_of({"blur": "1", "v": "17"}) == Look(boxes=True, blurred=True)


@pytest.mark.parametrize(("name", "value"), [("boxes", "yes"), ("blur", "")])
def test_other_values_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadRequest, match=rf"{name}={value}: expected 0 or 1"):
        look_of({name: value})


def test_a_tab_has_a_short_name_or_none() -> None:
    assert (tab_of({}), tab_of({"tab": "k3-x_9"})) == (None, "k3-x_9")
    for wrong in ("", "a b", "ä", "x" * 65, "stream 1"):
        with pytest.raises(BadRequest, match="expected up to 64 letters"):
            tab_of({"tab": wrong})
