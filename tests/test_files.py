"""Where things are kept, whatever the environment says."""

import os
from pathlib import Path
from types import SimpleNamespace

from tllib import files

import pytest


def test_nobody_has_a_home(monkeypatch, tmp_path):
    def homeless():
        raise RuntimeError("Could not determine home directory.")
    for variable in ("TLLIB_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert files.cache_root() == tmp_path / "tllib"


def test_data_lie_beside_the_lessons_where_there_is_no_checkout(monkeypatch, tmp_path):
    monkeypatch.delenv("TLLIB_DATA", raising=False)
    assert files.data_root() == Path(files.__file__).resolve().parents[1] / "data", "a checkout's own"
    monkeypatch.setattr(files, "__file__", str(tmp_path / "site-packages" / "tllib" / "files.py"))
    (tmp_path / "home" / "notebooks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home" / "notebooks")
    assert files.data_root() == Path("data")
    (tmp_path / "home" / "data" / "photos").mkdir(parents=True)
    assert files.data_root() == Path("..") / "data"
    assert files.data_root(tmp_path) == tmp_path


def test_a_file_that_a_scanner_holds_is_waited_for_on_windows(monkeypatch, tmp_path):
    (tmp_path / "old").write_text("x")
    tries = iter([PermissionError, PermissionError, None])

    def replace(old, new):
        if error := next(tries):
            raise error
        os.replace(old, new)
    monkeypatch.setattr(files, "os", SimpleNamespace(name="nt", replace=replace))
    monkeypatch.setattr(files.time, "sleep", lambda seconds: None)
    files.renamed(tmp_path / "old", tmp_path / "new")
    assert (tmp_path / "new").read_text() == "x" and not (tmp_path / "old").exists()


def test_elsewhere_nothing_is_waited_for(monkeypatch, tmp_path):
    monkeypatch.setattr(files.time, "sleep", lambda seconds: pytest.fail("waits"))
    with pytest.raises(FileNotFoundError):
        files.renamed(tmp_path / "nothing", tmp_path / "new")


def test_a_folder_takes_its_place_whole_or_not_at_all(tmp_path):
    with pytest.raises(ValueError, match="torn"), files.replacing(tmp_path / "set") as partial:
        (partial / "a").mkdir(parents=True)
        raise ValueError("torn")
    assert list(tmp_path.iterdir()) == []
    with files.replacing(tmp_path / "set") as partial:
        (partial / "a").mkdir(parents=True)
    assert [path.name for path in tmp_path.iterdir()] == ["set"] and (tmp_path / "set/a").is_dir()
