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
