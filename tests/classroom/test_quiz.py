import re
from contextlib import suppress
from html.parser import HTMLParser

from tllib import backbones, classroom
from tllib.backbones.families import FAMILIES
from tllib.classroom.quiz import WIDGET_VIEW
from tllib.datasets import SOURCES

import IPython
import ipywidgets
import keras
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

NAMES = ("before", "after")
PETS = SOURCES["oxford_pets"]


@pytest.fixture
def kernel(monkeypatch):
    """As in a notebook."""
    monkeypatch.setattr(IPython, "get_ipython", lambda: type("Shell", (), {"kernel": "a kernel"}))


def texts(quiz):
    for question in quiz.questions:
        yield question.question
        for answer in question.answers:
            yield from (answer.text, answer.why)


@pytest.mark.parametrize("name", NAMES)
def test_every_question_has_four_answers_one_right_and_each_explained(name):
    quiz = classroom.quiz(name)
    assert len(quiz.questions) >= 12 and len({each.question for each in quiz.questions}) == len(quiz.questions)
    for each in quiz.questions:
        assert len({answer.text for answer in each.answers}) == len(each.answers) == 4
        assert len({answer.why for answer in each.answers if len(answer.why) > 20}) == 4
        assert sum(answer.right for answer in each.answers) == 1
        assert not any(re.search(r"\b(all|none) of (the above|these)\b", answer.text, re.I) for answer in each.answers)
        lengths = [len(answer.text) for answer in each.answers]
        assert max(lengths) <= 1.5 * min(lengths) or max(lengths) < 10, "no answer stands out by its length"


@pytest.mark.parametrize("name", NAMES)
def test_neither_place_nor_length_gives_the_right_answer_away(name):
    questions = classroom.quiz(name).questions
    places = [each.right for each in questions]
    assert all(places.count(place) >= 2 for place in range(4)) and max(map(places.count, range(4))) <= 5
    longest = [max(range(4), key=lambda number: len(each.answers[number].text)) == each.right for each in questions]
    assert sum(longest) <= len(questions) / 2


def test_numbers_are_those_of_the_registry():
    side = FAMILIES["efficientnet_lite0"].input_size
    facts = {"breeds": (r"(\d+) breeds", str(PETS.classes["breed"])),
             "photos to learn from": (r"([\d,]+) and [\d,]+ photos", f"{PETS.photos['trainval']:,}"),
             "photos to be judged on": (r"[\d,]+ and ([\d,]+) photos", f"{PETS.photos['test']:,}"),
             "classes": (r"\b(\d+) (?:classes|labels)", str(len(backbones.class_names()))),
             "features": (r"\b(\d+) \*?features", str(FAMILIES["efficientnet_lite0"].features)),
             "pixels": (r"(\d+) × \d+ pixels", str(side)),
             "numbers": (r"\b(150,\d+)", f"{3 * side ** 2:,}")}
    for what, (pattern, fact) in facts.items():
        found = [number for name in NAMES for text in texts(classroom.quiz(name))
                 for number in re.findall(pattern, text)]
        assert found and set(found) <= {fact}, f"{what}: {found}"


@pytest.mark.parametrize("name", NAMES)
def test_the_intro_counts_the_questions(name):
    quiz, words = classroom.quiz(name), {13: "Thirteen", 18: "Eighteen"}
    assert quiz.intro.startswith(f"{words[len(quiz.questions)]} questions ")


def test_what_it_says_of_losses_and_of_families_is_so():
    said = " ".join(text for name in NAMES for text in texts(classroom.quiz(name)))
    whole, thin, mixing = (keras.layers.Conv2D(128, 3, use_bias=False), keras.layers.DepthwiseConv2D(3, use_bias=False),
                           keras.layers.Conv2D(128, 1, use_bias=False))
    for layer in (whole, thin, mixing):
        layer.build((None, 7, 7, 128))
    assert f"= {thin.count_params() + mixing.count_params():,} weights" in said
    assert f"= {whole.count_params():,}: over eight times" in said
    assert FAMILIES["vgg16"].input_size == FAMILIES["mobilenet"].input_size == 224
    assert f"ResNet-50 has {FAMILIES['resnet50'].parameters / 1e6:.0f} million" in said
    always_dog = -(95 * np.log(0.95) + 5 * np.log(0.05)) / 100
    assert f"a loss of {always_dog:.2f}, where guessing gives {np.log(2):.2f}" in said


def test_only_the_right_order_of_a_training_step_learns():
    torch = pytest.importorskip("torch")
    (question,) = (each for each in classroom.quiz("after").questions if "order of a training step" in each.question)
    for answer in question.answers:
        model, made = torch.nn.Linear(1, 1, bias=False), {}
        optimizer, before = torch.optim.SGD(model.parameters(), lr=0.1), model.weight.item()
        does = {"zero_grad": optimizer.zero_grad, "step": optimizer.step, "backward": lambda made=made: made.pop("l")(),
                "guess": lambda made=made, model=model: made.update(guess=model(torch.ones(4, 1))),
                "loss": lambda made=made: made.update(l=(made["guess"] - 9).square().mean().backward)}
        with suppress(KeyError):  # backward() without a loss
            for word in 5 * re.findall(r"\w+", answer.text):
                does[word]()
        assert (model.weight.item() != before) == answer.right, answer.text


def test_a_frozen_batchnorm_of_pytorch_moves_in_training_mode_only():
    torch = pytest.importorskip("torch")
    norm, x = torch.nn.BatchNorm1d(1).requires_grad_(False), torch.tensor([[4.0], [6.0]])
    settled = norm.eval()(x)
    assert norm.running_mean.item() == 0 and not any(weight.requires_grad for weight in norm.train().parameters())
    assert not torch.equal(norm(x), settled) and norm.running_mean.item() == 0.5
    assert not torch.equal(norm.eval()(x), settled), "and its answers stay changed"


def test_the_first_answer_counts_and_each_is_explained():
    quiz = classroom.quiz("before")
    first, second, third = (each.right for each in quiz.questions[:3])
    wrong = (first + 1) % 4
    why = quiz.questions[0].answers[wrong].why
    assert quiz.choose(0, wrong) == f"✗ Not this one. {why}" and quiz.score() == "0 of 13 right, 12 to go"
    assert quiz.choose(0, first).startswith("✓ Right. ") and quiz.score() == "0 of 13 right, 12 to go"
    quiz.choose(1, second)
    quiz.choose(2, third)
    quiz.choose(2, (third + 1) % 4)
    assert quiz.score() == "2 of 13 right, 10 to go"
    for number in range(3, 13):
        quiz.choose(number, quiz.questions[number].right)
    assert quiz.score() == "12 of 13 right, all done"
    quiz.start_again()
    assert quiz.score() == "0 of 13 right, 13 to go"
    quiz.choose(0, first)
    assert quiz.score() == "1 of 13 right, 12 to go"


def parts(widget, kind):
    if isinstance(widget, kind):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child, kind)


def test_the_widget_answers_when_it_is_pressed():
    quiz = classroom.quiz("after")
    box = quiz.widget()
    assert quiz.widget() is box, "one widget for each quiz"
    *buttons, again = parts(box, ipywidgets.Button)
    assert len(buttons) == 4 * len(quiz.questions)
    shown = [part.value for part in parts(box, ipywidgets.HTML)]
    right = quiz.questions[0].right
    wrong, other = (right + 1) % 4, (right + 2) % 4

    buttons[wrong].click()
    after = [part.value for part in parts(box, ipywidgets.HTML)]
    (reply, score) = [new for old, new in zip(shown, after, strict=True) if new != old]
    assert "✗ <strong>" in reply and "Not this one." in reply and "0 of 18 right, 17 to go" in score
    assert buttons[wrong].description == f"{'abcd'[wrong]} ✗" and buttons[other].description == "abcd"[other]

    buttons[right].click()
    after = "".join(part.value for part in parts(box, ipywidgets.HTML))
    assert "✓ <strong>" in after and "0 of 18 right, 17 to go" in after, "the first try counts"
    assert buttons[right].description == f"{'abcd'[right]} ✓"

    buttons[4 + quiz.questions[1].right].click()
    assert "1 of 18 right, 16 to go" in "".join(part.value for part in parts(box, ipywidgets.HTML))

    again.click()
    assert [part.value for part in parts(box, ipywidgets.HTML)] == shown
    assert [button.description for button in buttons] == list("abcd") * len(quiz.questions)


def test_each_button_says_in_words_what_it_chooses():
    quiz = classroom.quiz("before")
    button = next(parts(quiz.widget(), ipywidgets.Button))
    assert button.tooltip == f"Choose a: {quiz.questions[0].answers[0].text}"


def flat(text):
    return " ".join(re.sub(r"[*`]", "", text).split())


class Words(HTMLParser):
    """Text and tags of a page; complains about what is not closed."""

    def __init__(self, page):
        super().__init__()
        self.text, self.tags, self.open = [], [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_holds_everything_in_plain_tags(name):
    quiz = classroom.quiz(name)
    page = Words(quiz.to_html())
    for text in texts(quiz):
        assert flat(text) in flat("".join(page.text)), text
    tags = {tag for tag, _ in page.tags}
    assert tags <= {"section", "h3", "p", "ol", "li", "details", "summary", "strong", "em", "code"}
    assert all(set(attributes) <= {"type"} for _, attributes in page.tags), "no style, no script, no state"
    assert sum(tag == "details" for tag, _ in page.tags) == 4 * len(quiz.questions)


@pytest.mark.parametrize("name", NAMES)
def test_the_text_holds_every_question_and_the_right_answers_at_the_end(name):
    quiz = classroom.quiz(name)
    before, after = (flat(part) for part in quiz.to_text().split("\nThe right answers\n"))
    for number, each in enumerate(quiz.questions, start=1):
        right = each.answers[each.right]
        assert flat(f"{number}. {each.question}") in before
        assert all(flat(answer.text) in before and flat(answer.why) not in before for answer in each.answers)
        assert flat(f"{number}. {'abcd'[each.right]}) {right.why}") in after
    assert max(map(len, quiz.to_text().splitlines())) <= 100


def test_a_notebook_may_choose_between_three_forms(kernel):
    quiz = classroom.quiz("before")
    data, _ = DisplayFormatter().format(quiz)
    assert data == {"text/html": quiz.to_html(), "text/plain": quiz.to_text(), WIDGET_VIEW: data[WIDGET_VIEW]}
    assert data[WIDGET_VIEW]["model_id"] == quiz.widget().model_id
    quiz.choose(0, 0)
    again, _ = DisplayFormatter().format(classroom.quiz("before"))
    data, _ = DisplayFormatter().format(quiz)
    assert all(data[kind] == again[kind] for kind in ("text/html", "text/plain")), "whatever has been answered"


def test_without_a_kernel_or_widgets_it_can_still_be_read(kernel, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    assert set(classroom.quiz("before")._repr_mimebundle_()) == {"text/html", "text/plain"}
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    assert set(classroom.quiz("before")._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_another_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="Did you mean 'before'"):
        classroom.quiz("befor")
