"""Tokens, where they come from, and the sessions they open."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigError
from publisher.web.tokens import TOKEN, Right, Tokens, made_tokens, read_tokens

LOOK, DO = "look-look-look-look", "do_do_do_do_do_do_do"


def token_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "tokens"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_holds_tokens_and_comments(tmp_path: Path) -> None:
    text = f"# who may come in\n\nviewer {LOOK}\noperator\t{DO} # the office\n"
    found = read_tokens(token_file(tmp_path, text))
    assert found.rights == [(LOOK, Right.VIEWER), (DO, Right.OPERATOR)]
    assert found.secret is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no token in it"),
        (f"viewer {LOOK}\nowner {DO}", "line 2: expected lines of `viewer TOKEN`"),
        ("viewer short", "line 1: expected .* 16 to 200"),
        (f"viewer {LOOK}/+=", "line 1"),
        (LOOK, "line 1"),
        (f"viewer {LOOK} {DO}", "line 1"),
        (f"sessions {LOOK}", "no token in it"),
        (f"viewer {LOOK}\nsessions {DO}\nsessions {DO}", "line 3"),
    ],
)
def test_another_file_is_refused_and_its_tokens_are_not_told(
    text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"PUBLISHER_TOKEN_FILE=.*{said}") as caught:
        read_tokens(token_file(tmp_path, text))
    assert LOOK not in str(caught.value)
    assert DO not in str(caught.value)


def test_a_file_may_hold_what_sessions_follow_from(tmp_path: Path) -> None:
    """So who signs in at one of several publishers is let in by all that have this file."""
    secret = "all-of-them-all-of-them"  # noqa: S105
    found = read_tokens(token_file(tmp_path, f"sessions {secret}\nviewer {LOOK}\n"))
    assert found.rights == [(LOOK, Right.VIEWER)]
    assert found.secret == secret.encode()


def test_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="chmod 600"):
        read_tokens(token_file(tmp_path, f"viewer {LOOK}\n", 0o644))


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="it is no text"):
        read_tokens(path)


def test_a_session_is_not_its_token_and_allows_what_its_token_does() -> None:
    tokens = Tokens([(LOOK, Right.VIEWER), (DO, Right.OPERATOR)], b"secret")
    for token, right in ((LOOK, Right.VIEWER), (DO, Right.OPERATOR)):
        session = tokens.sign_in(token)
        assert session is not None
        assert token not in session
        assert tokens.right_of(session) is right
        assert tokens.right_of(token) is None


@pytest.mark.parametrize("token", ["", LOOK[:-1], LOOK + "x", "\udcff\xff"])
def test_no_other_token_opens_a_session(token: str) -> None:
    assert Tokens([(LOOK, Right.VIEWER)], b"secret").sign_in(token) is None
    assert Tokens([(LOOK, Right.VIEWER)], b"secret").right_of(token) is None


def test_a_session_holds_over_a_restart_and_not_in_another_pipeline() -> None:
    rights = [(LOOK, Right.VIEWER)]
    session = Tokens(rights, b"secret").sign_in(LOOK)
    assert session is not None
    assert Tokens(rights, b"secret").right_of(session) is Right.VIEWER
    assert Tokens(rights, b"another").right_of(session) is None
    assert Tokens([(DO, Right.VIEWER)], b"secret").right_of(session) is None


def test_tokens_that_are_made_are_such_tokens_and_follow_from_the_secret() -> None:
    made = made_tokens(b"secret")
    assert set(made) == set(Right)
    assert len(set(made.values())) == len(Right)
    assert all(TOKEN.fullmatch(token) for token in made.values())
    assert made == made_tokens(b"secret")
    assert not set(made.values()) & set(made_tokens(b"another").values())
