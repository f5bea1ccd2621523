"""What is set up is there whole or not at all, and only once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dev import store
from dev.settings import ROOT


def test_built_once(tmp_path):
    calls = []

    def builder(place):
        calls.append(place)
        (place / "content").touch()

    first = store.build(tmp_path, "thing", "a", builder)
    second = store.build(tmp_path, "thing", "a", builder)
    assert first == second == tmp_path / "thing-a"
    assert (first / "content").exists()
    assert len(calls) == 1


def test_other_inputs_build_anew(tmp_path):
    first = store.build(tmp_path, "thing", "a", lambda _place: None)
    assert store.build(tmp_path, "thing", "b", lambda _place: None) != first


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_broken_off_leaves_nothing(tmp_path, in_place, error):
    def builder(place):
        (place / "half").touch()
        raise error

    with pytest.raises(error):
        store.build(tmp_path, "thing", "a", builder, in_place=in_place)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]


@pytest.mark.parametrize("in_place", [False, True])
def test_killed_in_the_middle_is_built_anew(tmp_path, in_place):
    """A power cut runs no clean-up: what lies about is not taken for whole."""
    name = "thing-a" if in_place else ".thing-a.building"
    (tmp_path / name).mkdir()
    (tmp_path / name / "half").touch()
    target = store.build(
        tmp_path, "thing", "a", lambda place: (place / "new").touch(), in_place=in_place
    )
    assert sorted(path.name for path in target.iterdir()) == [store.COMPLETE, "new"]


def test_two_at_once_build_once(tmp_path):
    script = (
        "import sys, time, pathlib\n"
        "from dev import store\n"
        "def builder(place):\n"
        "    with open(place.parent / 'calls', 'a') as file: file.write('x')\n"
        "    time.sleep(0.5)\n"
        "store.build(pathlib.Path(sys.argv[1]), 'thing', 'a', builder)\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT)
        for _number in range(2)
    ]
    assert [child.wait(30) for child in children] == [0, 0]
    assert (tmp_path / "calls").read_text() == "x"


def test_digest_tells_where_one_part_ends():
    assert store.digest("ab", "c") != store.digest("a", "bc")
