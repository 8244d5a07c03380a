"""JupyterLab on this machine, driven by a headless Chromium, over a copy of the lessons with every exercise solved."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tllib.command import lessons

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("TLLIB_CHROMIUM", "")
SETTINGS = {  # every cell in the page at once, nothing saved meanwhile, no news
    "notebook-extension/tracker": {"windowingMode": "none"}, "docmanager-extension/plugin": {"autosave": False},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.path.parts and not CHROMIUM:
            item.add_marker(pytest.mark.skip(reason="needs a Chromium: python -m tllib test browser"))


def solve(source, target):
    """Copy a lesson with its stored outputs, each exercise filled in with its folded solution."""
    lesson = nbformat.read(source, as_version=4)
    lessons.solve(lesson)
    for cell in lesson.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [], None
    nbformat.write(lesson, target)


@pytest.fixture(scope="session")
def classroom(tmp_path_factory):
    """A folder like the project's: solved lessons, the photos beside them."""
    folder = tmp_path_factory.mktemp("classroom")
    (folder / "notebooks").mkdir()
    (folder / "build").mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        solve(path, folder / "notebooks" / path.name)
    shutil.copytree(ROOT / "data" / "photos", folder / "data" / "photos")
    return folder


@pytest.fixture(scope="session")
def lab(classroom, tmp_path_factory):
    """Address of a JupyterLab that shows the folder."""
    settings = tmp_path_factory.mktemp("settings")
    for name, values in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    computed = ROOT / "build" / "nbval" / "cache"  # by python -m tllib test lessons: no need to compute it again
    if computed.is_dir():
        shutil.copytree(computed, os.environ["TLLIB_CACHE"], dirs_exist_ok=True)
    variables = {"TLLIB_OFFLINE": "1", "TLLIB_DATA": str(classroom / "no-data"), "TF_CPP_MIN_LOG_LEVEL": "3",
                 "JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.ip=127.0.0.1",
               "--IdentityProvider.token=", f"--ServerApp.root_dir={classroom}", "--ServerApp.disable_check_xsrf=True",
               "--LabApp.expose_app_in_browser=True", "--allow-root"]
    with open(settings / "log", "w") as log:
        server = subprocess.Popen(command, env=os.environ | variables, stdout=log, stderr=log)
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(address + "/api/status", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.25)
            else:
                pytest.fail("JupyterLab did not start:\n" + (settings / "log").read_text()[-2000:])
            yield address
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="session")
def browser():
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
