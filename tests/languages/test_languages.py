"""Another language: every text is there, whole and marked up as the English; what changes is noticed; code stays."""

import collections
import re
import shutil
import unicodedata
from argparse import Namespace
from pathlib import Path

from tllib import languages
from tllib.classroom import quiz
from tllib.classroom.checks import start_here
from tllib.command import edition, lessons
from tllib.languages import catalogue, markdown

import nbformat
import pytest
from babel.messages import pofile

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COMPLETE = ("ar",)  # languages in which nothing is missing


def texts(path):
    """The markdown cells of a lesson."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]


def rendered(source):
    return markdown.PARSER.render(source).split()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_translated_into_itself_looks_the_same(path):
    for source in texts(path):
        assert rendered(markdown.translated(source, lambda text, kind: text)) == rendered(source)


def test_words_go_where_they_were_and_code_stays():
    source = ("# A title\n\n> **Predict.** One\n> line?\n\n1. first\n   half\n2. `code`\n\n"
              "| a b | `x` | a b |\n|---|---|---|\n| one | two | one |\n\n"
              "```python\none = two\n```\n<details><summary>Hint</summary>\n\nOne.\n\n</details>")
    found = markdown.blocks(source)
    assert found == ["A title", "**Predict.** One line?", "first half", "a b", "a b", "one", "two", "one",
                     "<details><summary>Hint</summary>", "One."]
    new = markdown.translated(source, lambda text, kind: f"{kind}:{text.upper()}" if text in found and text[0] != "<"
                              else text)
    assert new == ("# h1:A TITLE\n\n> p:**PREDICT.** ONE LINE?\n\n1. p:FIRST HALF\n2. `code`\n\n"
                   "| th:A B | `x` | th:A B |\n|---|---|---|\n| td:ONE | td:TWO | td:ONE |\n\n"
                   "```python\none = two\n```\n<details><summary>Hint</summary>\n\np:ONE.\n\n</details>")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project of one lesson, and a catalogue in a made-up place."""
    (tmp_path / "notebooks").mkdir()
    for name in catalogue.PAGES:
        (tmp_path / name).write_text("# A page\n\n## The lessons\n\nTwo words.\n\n## More\n")
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    languages.words.cache_clear()
    yield tmp_path
    languages.words.cache_clear()
    languages._patterns.cache_clear()


def write(home, source):
    lesson = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source), nbformat.v4.new_code_cell("x = 1")])
    nbformat.write(lesson, home / "notebooks" / "one.ipynb")


def test_a_changed_paragraph_is_stale_and_a_wrapped_one_is_not(home):
    write(home, "The network looks at a photo\nof a dog and names it.")
    catalogue.update(home, "ar")
    path = home / "ar.po"
    path.write_text(path.read_text().replace('names it."\nmsgstr ""', 'names it."\nmsgstr "تسمي الشبكة الكلب."'))
    languages.words.cache_clear()
    assert edition.prose("The network looks at a photo of a dog and names it.", "ar").count("تسمي") == 1
    catalogue.update(home, "ar")
    kept = path.read_bytes()
    write(home, "The network looks at a\nphoto of a dog and names it.")
    catalogue.update(home, "ar")
    assert path.read_bytes() == kept, "wrapped anew: not a byte changes"
    write(home, "The network looks at a photo of a cat and names it.")
    entries = {entry.id: entry for entry in catalogue.update(home, "ar")}
    changed = entries["The network looks at a photo of a cat and names it."]
    assert changed.fuzzy and "تسمي" in changed.string, "marked, the old words beside it"
    assert edition.prose(changed.id, "ar") == f'<span dir="ltr">{changed.id}</span>', "not shown: English, and readable"


def test_what_code_says_is_found_by_its_pattern(home):
    (home / "ar.po").write_text(catalogue.HEADER.format("ar") + "\n".join(
        f'msgid "{english}"\nmsgstr "{arabic}"\n' for english, arabic in (
            ("Exercise 1", "تمرين 1"), ("right.", "صحيح."), ("it goes from {} to {}.", "من {1} إلى {0}، `x`."),
            ("it is {}", "هو {}"), ("a cat", "قطة"))))
    for english, arabic in (("right.", "صحيح."), ("it goes from 0 to 1.",
                                                  "من \u20681\u2069 إلى \u20680\u2069، \u2066`x`\u2069."),
                            ("it is a cat", "هو \u2068قطة\u2069"), ("it was a cat", "it was a cat")):
        assert languages.said(english, "ar") == arabic
    assert languages.line("Exercise 1: right.", "ar") == "\u2067تمرين 1: صحيح.\u2069"
    assert languages.line("Exercise 1: right.", "en") == "Exercise 1: right."
    assert languages.line("nothing of ours", "ar") == "nothing of ours"


@pytest.mark.parametrize(("text", "kept"), [
    ("هنا (224 × 224 بكسل × 3 ألوان)", ["224 × 224"]),
    ("9 × 128 + 128 × 128 = 17,536 وزنا", ["9 × 128 + 128 × 128 = 17,536"]),
    ("القيمة √(2 / (n_in + n_out)). ست", ["√(2 / (n_in + n_out))"]),
    ("من −1 إلى 1", ["−1"]), ("(x − 127) / 128، ثم", ["(x − 127) / 128"]),
    ("[a](https://arxiv.org/abs/1512.03385) و`a - b`", ["`a - b`"]),
    ('<div style="a-b">1 / 2</div>', ["1 / 2"]), ("90 % و0.85", [])])
def test_formulas_run_from_left_to_right(text, kept):
    turned = languages.LEFT_TO_RIGHT.sub(languages._isolated, text)
    assert re.findall("\u2066(.*?)\u2069", turned) == kept


def test_who_reads_in_which_language(monkeypatch, tmp_path):
    monkeypatch.delenv("TLLIB_LANGUAGE", raising=False)
    for folder, language in (("notebooks", "en"), ("lessons-ar", "ar"), ("lessons-", "en"), ("lessons-of-mine", "en")):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        assert languages.reader() == language
    monkeypatch.setenv("TLLIB_LANGUAGE", "ar")
    assert languages.reader() == "ar" and languages.direction() == "rtl" and languages.direction("en") == "ltr"
    with pytest.raises(ValueError, match="There are: en, ar"):
        languages.words("xx")


@pytest.mark.parametrize(("named", "language"), [
    ("ar", "ar"), ("AR", "ar"), ("ar_EG", "ar"), ("ar-SA", "ar"), ("ar_EG.UTF-8", "ar"), ("ar_EG@euro", "ar"),
    (" ar ", "ar"), ("ar:en", "ar"), ("en_US.UTF-8", "en"), ("EN", "en"), ("en_US:en", "en"), ("C", "en"),
    ("C.UTF-8", "en"), ("POSIX", "en"), ("", "en")])
def test_a_language_may_be_named_as_systems_name_it(named, language, monkeypatch):
    monkeypatch.setenv("TLLIB_LANGUAGE", named)
    assert languages.reader() == language
    assert languages.direction() == ("rtl" if language == "ar" else "ltr")
    assert (languages.said("right.") == "right.") == (language == "en")


def test_a_language_without_a_catalogue_is_said(monkeypatch):
    monkeypatch.setenv("TLLIB_LANGUAGE", "fr_FR.UTF-8")
    with pytest.raises(ValueError, match=r"no catalogue for the language 'fr'.*There are: en, ar"):
        languages.said("right.")


def entries(language):
    with (ROOT / f"tllib/languages/{language}.po").open(encoding="utf-8") as file:
        return [entry for entry in pofile.read_po(file) if entry.id]


@pytest.mark.parametrize("language", COMPLETE)
def test_every_text_is_translated_and_none_is_stale(language, tmp_path, monkeypatch):
    kept = (ROOT / f"tllib/languages/{language}.po").read_bytes()
    (tmp_path / f"{language}.po").write_bytes(kept)
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    catalogue.update(ROOT, language)
    monkeypatch.undo()
    languages.words.cache_clear()
    missing = [entry.id for entry in entries(language) if not entry.string or entry.fuzzy]
    assert not missing, f"{len(missing)} texts to translate, such as {missing[:3]}"
    assert (tmp_path / f"{language}.po").read_bytes() == kept, "run: python -m tllib translations"
    for page, text in edition.pages(ROOT, language).items():
        assert page.read_text(encoding="utf-8") == text, "run: python -m tllib translations"


def kinds(text, kind):
    """What a translation must keep, each as often as the English has it."""
    pattern = {"code": r"`[^`]+`|<code>.*?</code>", "links": r"\]\([^)]*\)", "tags": r"<[^>]+>", "values": r"\{\d*\}",
               "numbers": r"(?<![\w.,])\d{2,}(?:[.,]\d+)*(?!\w)", "strong": r"\*\*"}[kind]
    if kind == "numbers":
        text = re.sub(r"`[^`]+`|<code>.*?</code>|\]\([^)]*\)|<[^>]+>|(?<=[\u0621-\u064a])(?=\d)", " ", text)
    found = re.findall(pattern, text)
    return collections.Counter(re.sub(r"\d", "", each) if kind == "values" else each.rstrip(".,") for each in found)


@pytest.mark.parametrize("kind", ["code", "links", "tags", "values", "numbers", "strong"])
@pytest.mark.parametrize("language", COMPLETE)
def test_an_entry_keeps_what_is_no_word(language, kind):
    wrong = [(entry.id, entry.string) for entry in entries(language)
             if kinds(entry.id, kind) != kinds(entry.string, kind)]
    assert not wrong, "\n\n".join(map("\n".join, wrong[:10])) + f"\n{len(wrong)} entries"


@pytest.mark.parametrize("language", COMPLETE)
def test_entries_are_in_the_language_without_invisible_marks(language):
    for entry in entries(language):
        assert not [sign for sign in entry.string if unicodedata.category(sign) == "Cf"], entry.string
        assert not re.search("[\u0660-\u0669\u06f0-\u06f9]", entry.string), f"Western digits: {entry.string}"
        if language == "ar" and len(re.findall("[a-z]{3,}", re.sub(r"`[^`]+`|<[^>]+>|\]\([^)]*\)", "", entry.id))) > 2:
            assert re.search("[\u0621-\u064a]", entry.string), entry.id


def bare(text):
    """Arabic without vowels, and with one form of alif."""
    return re.sub("[أإآ]", "ا", re.sub("[\u064b-\u0652\u0640]", "", text))


def test_the_glossary_is_kept():
    page = (ROOT / "notebooks/TRANSLATING.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([a-z][a-z -]+) \| ([^|]*[\u0621-\u064a][^|]*) \|$", page, re.M)
    assert len(terms) >= 30
    for english, arabic in terms:
        forms = [bare(form.strip()) for form in arabic.split("/")]
        where = [entry for entry in entries("ar") if entry.string
                 and re.search(rf"\b{english}\b", re.sub(r"`[^`]*`|\]\([^)]*\)", "", entry.id), re.IGNORECASE)]
        kept = sum(any(form in bare(entry.string) for form in forms) for entry in where)
        assert where and kept >= 0.8 * len(where), f"{english}: {forms} in {kept} of {len(where)} entries"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_code_is_byte_for_byte_the_english_lessons(path, monkeypatch):
    monkeypatch.setenv("TLLIB_LANGUAGE", "ar")
    there, here = nbformat.read(path, as_version=4).cells, edition.lesson(path, "ar").cells
    assert [cell.id for cell in there] == [cell.id for cell in here]
    for old, new in zip(there, here, strict=True):
        if old.cell_type == "code":
            assert new.source == old.source
            assert not [out.text for out in new.outputs if re.search(r"^(Exercise|Step) \d", out.get("text", ""), re.M)]
            kinds_of = [[sorted(out.get("data", {})) for out in cell.outputs] for cell in (old, new)]
            assert kinds_of[0] == kinds_of[1]
        else:
            assert new.source.startswith('<div dir="rtl">\n\n') and edition.unwrapped(new.source) in new.source


def test_pages_and_slides_of_a_language_lie_apart_from_each_other(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "notebooks" / "slides", tmp_path / "notebooks" / "slides")
    shutil.copy(ROOT / "notebooks" / "00_start_here.ipynb", tmp_path / "notebooks")
    monkeypatch.setattr(lessons, "CHECKOUT", tmp_path)
    monkeypatch.setenv("TLLIB_LANGUAGE", "ar")
    lessons.write_chosen(Namespace(lessons=[]))
    lessons.slides(Namespace(lessons=["00"]))
    page, slide = ((tmp_path / "build" / f"{kind}-ar" / "00_start_here.html").read_text(encoding="utf-8")
                   for kind in ("lessons", "slides"))
    for html in (page, slide):
        assert '<div dir="rtl">' in html and edition.LOOK in html and html.count("<div dir=") > 10
    assert '<html lang="ar">' in page and "Reveal" in slide and "Reveal" not in page


def test_checks_and_quizzes_answer_in_arabic(monkeypatch, capsys):
    monkeypatch.setenv("TLLIB_LANGUAGE", "ar")
    start_here.size(...)
    assert re.fullmatch("\u2067[^a-z]*[\u0621-\u064a][^a-z]*\u2069\n", capsys.readouterr().out)
    before = quiz("before")
    assert before.to_html().startswith('<section dir="rtl">') and re.search("[\u0621-\u064a]", before.choose(0, 0))
    assert re.search("[\u0621-\u064a]", before.score()) and "right" not in before.score()
