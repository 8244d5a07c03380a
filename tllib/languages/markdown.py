"""Markdown -> its blocks of prose, and the same with other words in their place; code and layout stay as they are.

A block is a paragraph, a heading, the text of a list item, a cell of a table, or a piece of HTML, without its line
breaks: wrapping a paragraph anew changes nothing.
"""

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt

PARSER = MarkdownIt("commonmark").enable("table")


def blocks(source: str) -> list[str]:
    """Give the text of each block that has words, in order."""
    return [text for *_, text in _found(source) if worded(text)]


def worded(text: str) -> bool:
    """Whether there is more in a block than numbers, code and tags."""
    return bool(re.search(r"[^\W\d_]", re.sub("<[^>]*>|`[^`]*`", "", text)))


def translated(source: str, words: Callable[[str, str], str]) -> str:
    """Put `words(text, kind)` in each block's place; kind is a tag, such as "p", "h2", "td" or "html"."""
    lines, column = source.split("\n"), {}
    for first, end, kind, old, text in _found(source):
        start = lines[first].index(old, column.get(first, 0))
        new = words(text, kind)
        after = lines[first][start + len(old):] if kind in ("td", "th") else ""  # what a row has behind its cell
        lines[first] = lines[first][:start] + new + after
        column[first] = start + len(new)
        lines[first + 1:end] = [None] * (end - first - 1)
    return "\n".join(line for line in lines if line is not None)


def _found(source: str) -> Iterator[tuple[int, int, str, str, str]]:
    """First line, line after the last, kind, what the first line has of it, and the text of each block."""
    tag = ""
    for token in PARSER.parse(source):
        kind = {"html_block": "html", "inline": tag}.get(token.type, "")
        lines = [line.strip() for line in token.content.strip().split("\n")] if kind else [""]
        if any(lines):
            yield *token.map, kind, lines[0], " ".join(lines)
        tag = token.tag
