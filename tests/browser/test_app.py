"""The app as the command serves it, in a browser as wide as a phone: photos, bad files, nothing from elsewhere."""

import io
import re
import subprocess
import sys

from tests.browser.watched_page import watched_page
from tllib import images
from tllib.command.environment import CHECKOUT

import numpy as np
import psutil
import pytest
from PIL import Image

SHOTS = CHECKOUT / "build" / "screenshots"
START = ("import sys; from argparse import Namespace; from tllib.command import app; "
         "app.app(Namespace(classifier=sys.argv[1], share_on_network=False, port=0))")


@pytest.fixture(scope="module")
def command(red_or_blue, tmp_path_factory):
    """The command, running; with its address."""
    path = red_or_blue.save(tmp_path_factory.mktemp("app") / "my.keras")
    process = subprocess.Popen([sys.executable, "-c", START, path], cwd=CHECKOUT, text=True, stdout=subprocess.PIPE)
    try:
        process.address = re.search(r"http://\S+", process.stdout.readline())[0]
        yield process
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture
def page(command, browser):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with watched_page(browser, command.address, (command.address, "data:"), **phone) as shown:
        yield shown


def encoded(colours, kind="JPEG"):
    images.heic_reader()
    file = io.BytesIO()
    Image.fromarray(np.broadcast_to(colours, (64, 96, 3)).astype("uint8")).save(file, kind)
    return file.getvalue()


def upload(page, content, name="rose.jpg", label="Choose a photo"):
    page.get_by_label(label).set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})
    page.get_by_text("Looking …").wait_for(state="hidden")


def said(page):
    return page.get_by_role("status").inner_text()


def test_a_photo_is_answered_with_bars(page):
    upload(page, encoded((200, 0, 0)))
    page.get_by_text("It sees: red").wait_for()
    rows = [row.split("\t") for row in page.locator("tr").all_inner_texts()]
    assert [row[0].strip() for row in rows] == ["red", "blue"] and "100 %" in rows[0][-1]
    wide = page.locator(".bar").evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert wide[0] > 10 * wide[1]
    seen = page.get_by_role("img", name="The middle of your photo, as the network saw it")
    assert seen.evaluate("each => [each.complete, each.naturalWidth]") == [True, 32]
    upload(page, encoded((0, 0, 200), "HEIF"), "sky.heic", "Take a photo")
    page.get_by_text("It sees: blue").wait_for()


def test_a_bad_upload_gets_a_sentence_and_the_next_photo_an_answer(page):
    whole, noise = encoded((200, 0, 0)), encoded(np.random.default_rng(0).integers(0, 256, (64, 96, 3), "uint8"))
    for content, sentence in ((b"", "it is empty"), (b"a diary", "no picture"), (noise[:len(noise) // 2], "runcated")):
        upload(page, content)
        assert said(page).startswith("This file cannot be read as a picture: ") and sentence in said(page)
        assert said(page).endswith("Choose another one.") and "Traceback" not in page.content()
        assert page.locator("#result").is_hidden()
        upload(page, whole)
        assert said(page) == "It sees: red"


def test_a_file_beyond_the_limit_is_not_even_sent(page):
    page.evaluate("about.largest = 100")
    upload(page, encoded((200, 0, 0)))
    assert "are the most. Choose a smaller one." in said(page)


def test_on_a_phone_one_button_opens_the_camera(page):
    assert page.get_by_label("Take a photo").get_attribute("capture") == "environment"
    assert page.get_by_label("Choose a photo").get_attribute("capture") is None


def test_it_says_what_it_knows_and_nothing_but_this_machine_is_listened_to(command, page):
    listening = [each.laddr.ip for each in psutil.Process(command.pid).net_connections("inet")
                 if each.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]
    assert page.get_by_text("It knows 2 classes (red, blue)").is_visible()
    assert page.get_by_text("It is not stored, only looked at.").is_visible()
    assert page.get_by_text("Only this machine can open this page.").is_visible()
    assert page.get_by_role("img", name="QR code").count() == 0


@pytest.mark.parametrize("width, scheme", [(390, "light"), (390, "dark"), (320, "light"), (1300, "light")])
def test_nothing_is_cut_off_on_any_screen(width, scheme, page):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    dog = (CHECKOUT / "data/photos/dog.png").read_bytes()
    upload(page, dog, "dog.png")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"app_{width}_{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
