"""File names from part ids."""

from pathlib import PurePosixPath, PureWindowsPath

from hypothesis import given
from hypothesis import strategies as st

from inspector_core.reports.names import file_names

ODD = st.text(
    st.characters(exclude_categories=()) | st.sampled_from('/\\.:*?"<>| \x00'), max_size=40
)


@given(st.lists(ODD, unique=True, min_size=1, max_size=6))
def test_that_any_ids_give_different_names_inside_the_folder(ids):
    names = file_names(ids)
    assert set(names) == set(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    for name in names.values():
        assert name.startswith("parts/")
        for path in (PurePosixPath(name), PureWindowsPath(name)):
            assert not path.is_absolute()
            assert ".." not in path.parts
        assert not set(name) & set('\\:*?"<>|\x00\n')
        assert len(name.encode()) < 220


def test_that_ordinary_ids_keep_their_names():
    assert file_names(["test/dent/004"]) == {"test/dent/004": "parts/test/dent/004"}
    assert file_names(["Teil ü (2)"]) == {"Teil ü (2)": "parts/Teil ü (2)"}


def test_that_names_a_file_system_confuses_are_told_apart():
    names = file_names(["a", "A", "con", "x."])
    assert names["a"].casefold() != names["A"].casefold()
    assert names["con"].startswith("parts/_con-")
    assert not names["x."].endswith(".")


def test_that_a_part_never_makes_a_folder_where_another_has_its_file():
    names = file_names(["a", "a.png/b"])
    assert not names["a.png/b"].startswith(f"{names['a']}.png/")
