"""Where things are kept, whatever the environment says."""

from pathlib import Path

from tllib import files


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
