"""The page of the thousand, opened from its file: searched, looked at, guessed; nothing comes from a network."""

from tests.browser.watched_page import watched_page
from tllib import backbones
from tllib.command import thousand

import numpy as np
import pytest

NUMBERS = [1, 2, 207, 281, 282, 340, 517, 607]
SHOTS = thousand.CHECKOUT / "build" / "screenshots"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight pictures of colours, judgements invented: each class is the second choice, but for one, the 17th."""
    folder, random = tmp_path_factory.mktemp("the thousand #1"), np.random.default_rng(0)
    for number in NUMBERS:
        colours = random.integers(0, 256, (4, 4, 3)).astype("uint8")
        thousand.keep(colours.repeat(56, axis=0).repeat(56, axis=1), thousand.place(number, folder))
    judgements = [thousand.Judgement(number, ((386, 0.62), (number, 0.31), (3, 0.04), (4, 0.02), (5, 0.0004)), 0.31, 2)
                  for number in NUMBERS[:-1]]
    judgements.append(thousand.Judgement(607, tuple((each, 0.1) for each in range(5)), 0.004, 17))
    thousand.write_page(judgements, folder)
    return folder


@pytest.fixture
def page(folder, browser):
    address = (folder / "index.html").as_uri()
    with watched_page(browser, address, "file://", viewport={"width": 1300, "height": 900}) as shown:
        shown.address = address
        yield shown


def names(page):
    """What the tiles that are shown say."""
    return page.locator("#pictures li:visible").all_inner_texts()


def title(page):
    return page.locator("dialog h2").inner_text()


def address(page):
    return page.evaluate("location.hash")


def wait_until_closed(page):
    page.wait_for_function("!document.querySelector('dialog').open && !location.hash")


def test_search_finds_every_word_anywhere_in_names_and_numbers(page):
    assert names(page) == [backbones.class_names()[number] for number in NUMBERS]
    assert page.get_by_role("status").inner_text() == "8 pictures"
    for typed, found in (("ZEB", ["zebra"]), ("retriever gold", ["golden retriever"]), ("340", ["zebra"]),
                         ("gold", ["goldfish", "golden retriever"]), ("machine", ["crane (machine)"]),
                         ("kitten", ["tabby", "tiger cat"]), ("  ", names(page)), ("gold shark", [])):
        page.get_by_role("searchbox").fill(typed)
        assert names(page) == found, typed
    assert page.get_by_role("status").inner_text() == "No name has all of this in it."
    page.get_by_role("searchbox").fill("zebra")
    assert page.get_by_role("status").inner_text() == "1 of 8 pictures"


def test_a_click_shows_it_large_with_what_the_judge_says(page):
    page.get_by_role("button", name="zebra").click()
    large = page.get_by_role("dialog")
    assert title(page) == "zebra" and "class 340" in large.inner_text()
    assert "A network that drew none of them, EfficientNet-Lite1, says:" in large.inner_text()
    assert [row.split() for row in large.locator("tr").all_inner_texts()] == [
        ["African", "elephant", "62", "%"], ["zebra", "31", "%"], ["tiger", "shark", "4.0", "%"],
        ["hammerhead", "2.0", "%"], ["electric", "ray", "<", "0.1", "%"]]
    bars = large.locator(".bar").evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert bars[0] / bars[1] == pytest.approx(2, abs=0.02) and large.locator("tr.meant th").inner_text() == "zebra"
    assert "What was asked for, zebra, is number 2 of its 1000 choices." in large.inner_text()
    image = large.get_by_role("img", name="zebra, as networks draw it")
    assert image.evaluate("each => [each.naturalWidth, each.clientWidth, each.complete]") == [224, 448, True]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert title(page) == "tabby"
    page.keyboard.press("ArrowRight")
    assert title(page) == "tiger cat" and address(page) == "#tiger-cat"
    page.keyboard.press("Escape")
    wait_until_closed(page)
    assert page.evaluate("document.activeElement.textContent") == "tiger cat"
    page.keyboard.press("Enter")
    assert title(page) == "tiger cat"
    page.get_by_role("button", name="Close").click()
    wait_until_closed(page)


def test_arrows_stay_among_what_was_found_and_go_round(page):
    page.get_by_role("searchbox").fill("gold")
    page.get_by_role("button", name="goldfish").click()
    seen = [title(page)]
    for button in ("Next picture", "Next picture", "Previous picture"):
        page.get_by_role("button", name=button).click()
        seen.append(title(page))
    assert seen == ["goldfish", "golden retriever", "goldfish", "golden retriever"]


def test_guessing_hides_everything_that_would_tell(page):
    page.get_by_role("checkbox", name="Hide the names, guess first").check()
    assert names(page) == ["?"] * 8
    page.get_by_role("searchbox").fill("tabby")
    page.get_by_role("button", name="A picture to guess").click()
    large = page.get_by_role("dialog")
    assert title(page) == "What is it?" and address(page) == "#281"
    assert "tabby" not in large.inner_text() and "says" not in large.inner_text()
    assert large.get_by_role("img").get_attribute("alt") == "A picture to guess"
    large.get_by_role("button", name="Show the name").click()
    assert title(page) == "tabby" and "says" in large.inner_text()
    page.keyboard.press("Escape")
    wait_until_closed(page)
    assert names(page) == ["tabby"]
    page.get_by_role("searchbox").fill("")
    assert sorted(names(page)) == ["?"] * 7 + ["tabby"]
    page.get_by_role("checkbox").uncheck()
    assert names(page) == [backbones.class_names()[number] for number in NUMBERS]


@pytest.mark.parametrize("link, name", [
    ("#zebra", "zebra"), ("#340", "zebra"), ("#Golden%20retriever", "golden retriever"),
    ("#jack-o'-lantern", "jack-o'-lantern"), ("#crane-machine", "crane (machine)")])
def test_a_link_opens_a_picture(link, name, page):
    page.wait_for_load_state("networkidle")
    page.goto("about:blank")
    page.goto(page.address + link)
    assert title(page) == name
    page.keyboard.press("Escape")
    page.evaluate("location.hash = 'tabby'")
    page.locator("h2", has_text="tabby").wait_for()
    page.evaluate("location.hash = ''")
    wait_until_closed(page)
    page.evaluate("location.hash = '%wombat'")
    page.get_by_text("There is no picture of “%wombat” here.").wait_for()


def test_a_class_far_down_is_told_its_place(page):
    page.goto(page.address + "#607")
    assert "jack-o'-lantern, is number 17 of its 1000 choices, at 0.4 %." in page.get_by_role("dialog").inner_text()


@pytest.mark.parametrize("width, height, scheme", [(1300, 900, "light"), (1300, 900, "dark"), (390, 844, "light"),
                                                   (320, 568, "dark"), (844, 390, "light")])
def test_nothing_is_cut_off_on_any_screen(width, height, scheme, page):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"thousand_{width}_{scheme}.png")
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(wide) <= 0
    page.get_by_role("button", name="golden retriever").click()
    page.screenshot(path=SHOTS / f"thousand_{width}_{scheme}_large.png")
    large = page.get_by_role("dialog")
    assert page.evaluate(wide) <= 0 and large.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    inside = large.evaluate("""large => [...large.querySelectorAll('img, h2, p, table, button')].every(each => {
        const box = each.getBoundingClientRect(), edge = large.getBoundingClientRect();
        return !box.width || box.left >= edge.left && box.right <= edge.right;
    })""")
    assert inside
