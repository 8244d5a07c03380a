"""Questions with four answers each -> a quiz that answers back, live in a notebook, readable wherever nothing runs.

`quiz_before.json` and `quiz_after.json` hold the questions; every answer has its own explanation. A quiz shows itself
in three forms at once, and whoever displays it takes the best it can: widgets (a notebook with a kernel), HTML that
opens and closes by itself (a stored notebook, a web page), plain text.
"""

import html
import json
import re
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tllib.languages import direction, said
from tllib.suggest import check_known

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LETTERS = "abcd"


@dataclass(frozen=True)
class Answer:
    """One of four. `why` says why it is right, or why not."""

    text: str
    why: str
    right: bool = False

    @property
    def verdict(self) -> tuple[str, str, str]:
        """A sign, a word and the explanation: never colour alone."""
        return ("✓", said("Right."), self.why) if self.right else ("✗", said("Not this one."), self.why)


@dataclass(frozen=True)
class Question:
    """What is asked, and four answers, one of them right."""

    question: str
    answers: tuple[Answer, ...]

    @property
    def right(self) -> int:
        """Number, 0 to 3, of the right answer."""
        return next(number for number, answer in enumerate(self.answers) if answer.right)


def quiz(name: str) -> "Quiz":
    """Give a quiz, in the reader's language, to be the last line of a cell.

    Args:
        name: "before" (what to bring to the lessons) or "after" (what they taught).

    Raises:
        ValueError: no such quiz.

    Example:
        >>> quiz("before").score()
        '0 of 13 right, 13 to go'
    """
    files = {file.stem.removeprefix("quiz_"): file for file in sorted(Path(__file__).parent.glob("quiz_*.json"))}
    check_known("quiz", name, files)
    content = json.loads(files[name].read_text(encoding="utf-8"))
    questions = tuple(Question(said(each["question"]), tuple(
        Answer(said(answer["text"]), said(answer["why"]), answer.get("right", False)) for answer in each["answers"]))
        for each in content["questions"])
    return Quiz(said(content["title"]), said(content["intro"]), questions)


class Quiz:
    """Questions, and how somebody is doing. Only the first answer to a question counts; more may be tried.

    Args:
        title: a few words.
        intro: what to expect, a sentence or two.
        questions: in order. Text between backticks is code, between asterisks it is stressed.
    """

    def __init__(self, title: str, intro: str, questions: tuple[Question, ...]):
        self.title, self.intro, self.questions = title, intro, questions
        self._panel = None
        self.start_again()

    def choose(self, question: int, answer: int) -> str:
        """Choose an answer (both numbers count from 0); get its explanation, begun with a sign and a word."""
        self.first_tries.setdefault(question, answer)
        self.tried[question].add(answer)
        self.latest[question] = answer
        if self._panel:
            self._panel.refresh()
        return " ".join(self.questions[question].answers[answer].verdict)

    def start_again(self) -> None:
        """Forget every answer."""
        self.first_tries: dict[int, int] = {}
        self.tried: list[set[int]] = [set() for _ in self.questions]
        self.latest: dict[int, int] = {}
        if self._panel:
            self._panel.refresh()

    def score(self) -> str:
        """How it stands, such as "7 of 13 right, 2 to go"."""
        right = sum(answer == self.questions[number].right for number, answer in self.first_tries.items())
        left = len(self.questions) - len(self.first_tries)
        total = len(self.questions)
        return said(f"{right} of {total} right, {left} to go") if left else said(f"{right} of {total} right, all done")

    def to_html(self) -> str:
        """The quiz without a program behind it: each answer opens to its explanation."""
        rows = []
        for each in self.questions:
            answers = "\n".join(
                f"<li><details><summary>{_marked_up(answer.text)}</summary><p>{sign} <strong>{word}</strong> "
                f"{_marked_up(why)}</p></details></li>"
                for answer in each.answers for sign, word, why in [answer.verdict])
            rows.append(f'<li><p>{_marked_up(each.question)}</p>\n<ol type="a">\n{answers}\n</ol></li>')
        intro = f"{_marked_up(self.intro)} {said('Open an answer to see what it is worth.')}"
        section = '<section dir="rtl">' if direction() == "rtl" else "<section>"
        return (f"{section}<h3>{_marked_up(self.title)}</h3>\n<p>{intro}</p>\n<ol>\n" + "\n".join(rows)
                + "\n</ol></section>")

    def to_text(self) -> str:
        """The quiz on paper: the questions with their answers, the right ones at the end."""
        lines = [self.title, "", *textwrap.wrap(self.intro, 100)]
        for number, each in enumerate(self.questions, start=1):
            lines += ["", *_indented(f"{number:2d}. ", each.question)]
            for letter, answer in zip(LETTERS, each.answers, strict=True):
                lines += _indented(f"    {letter}) ", answer.text)
        lines += ["", said("The right answers")]
        for number, each in enumerate(self.questions, start=1):
            lines += _indented(f"{number:2d}. {LETTERS[each.right]}) ", each.answers[each.right].why)
        return "\n".join(lines)

    def widget(self):
        """The live quiz, an ipywidgets box: one for each quiz, however often it is shown."""
        self._panel = self._panel or _Panel(self)
        return self._panel.box

    def _repr_mimebundle_(self, **_) -> dict:
        bundle = {"text/html": self.to_html(), "text/plain": self.to_text()}
        if _kernel_is_there():
            with suppress(ImportError):  # without ipywidgets the other two forms do
                bundle[WIDGET_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.widget().model_id}
        return bundle


class _Panel:
    """The widgets of a quiz: what is shown follows the quiz, what is pressed goes to it."""

    def __init__(self, quiz: Quiz):
        import ipywidgets

        self.quiz, wide = quiz, ipywidgets.Layout(width="100%", min_width="0")
        self.buttons, self.replies, rows = [], [], []
        for number, each in enumerate(quiz.questions):
            rows.append(ipywidgets.HTML(_block(f"<strong>{number + 1}. {_marked_up(each.question)}</strong>"),
                                        layout=wide))
            for choice, answer in enumerate(each.answers):
                button = ipywidgets.Button(tooltip=said(f"Choose {LETTERS[choice]}: {answer.text}"),
                                           layout=ipywidgets.Layout(width="4em", flex="0 0 auto"))
                button.on_click(lambda _, number=number, choice=choice: quiz.choose(number, choice))
                self.buttons.append((number, choice, button))
                rows.append(ipywidgets.HBox([button, ipywidgets.HTML(_block(_marked_up(answer.text)), layout=wide)],
                                            layout=ipywidgets.Layout(width="100%", align_items="center")))
            self.replies.append(ipywidgets.HTML(layout=ipywidgets.Layout(width="100%", margin="0 2px 1em 2px")))
            rows.append(self.replies[-1])
        self.score = ipywidgets.HTML()
        again = ipywidgets.Button(description=said("Start again"), tooltip=said("Forget every answer"))
        again.on_click(lambda _: quiz.start_again())
        head = _block(f"<h3>{_marked_up(quiz.title)}</h3><p>{_marked_up(quiz.intro)}</p>")
        self.box = ipywidgets.VBox([ipywidgets.HTML(head, layout=wide), *rows, ipywidgets.HBox([self.score, again])],
                                   layout=ipywidgets.Layout(max_width="50em"))
        self.refresh()

    def refresh(self) -> None:
        """Show how the quiz stands."""
        for number, choice, button in self.buttons:
            sign = self.quiz.questions[number].answers[choice].verdict[0]
            button.description = LETTERS[choice] + (f" {sign}" if choice in self.quiz.tried[number] else "")
        for number, reply in enumerate(self.replies):
            choice = self.quiz.latest.get(number)
            if choice is None:
                reply.value = ""
            else:
                sign, word, why = self.quiz.questions[number].answers[choice].verdict
                reply.value = _block(f"{sign} <strong>{LETTERS[choice]}) {word}</strong> {_marked_up(why)}", "status")
        self.score.value = _block(f"<strong>{self.quiz.score()}</strong>", "status")


def _block(markup: str, role: str = "none") -> str:
    """Lines nearer together than ipywidgets has them. What has the role "status" is read out when it changes."""
    room = "; padding-right: 6px" if direction() == "rtl" else ""  # else the first sign of a line is cut
    return f'<div role="{role}" dir="{direction()}" style="line-height: 1.5{room}">{markup}</div>'


def _kernel_is_there() -> bool:
    """Whether this runs in a notebook's kernel, which widgets need."""
    import IPython

    return getattr(IPython.get_ipython(), "kernel", None) is not None


def _marked_up(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"\*([^*\s][^*]*)\*", r"<em>\1</em>", text)


def _indented(mark: str, text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=mark, subsequent_indent=" " * len(mark))
