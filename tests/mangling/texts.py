"""Manglings of free text: formulas, markup, marks nobody sees, words that mean nothing elsewhere."""

from __future__ import annotations

from tests.mangling.case import Case
from tests.mangling.catalogue import family, with_text


def _put(text: str, case: Case) -> None:
    """A text that must arrive letter by letter."""
    place = case.column(case.good.text)
    for row in case.some(3):
        row.cells[place] = text
        row.expected[case.good.text] = text


family(
    "texts",
    {
        "formula": "=1+1",
        "formula_of_a_command": "=cmd|' /C calc'!A0",
        "formula_of_plus": "+41 79 123",
        "formula_of_minus": "-5 stars from me",
        "formula_of_at": "@SUM(A1:A9)",
        "formula_of_a_link": '=HYPERLINK("http://evil.example","click")',
        "markup_script": "<script>alert(1)</script>",
        "markup_image": '<img src=x onerror="alert(1)">',
        "markup_of_a_table": "<table><tr><td>1</td></tr></table>",
        "entities": "&lt;b&gt; &amp; &#39; &nbsp;",
        "right_to_left_override": "abc \u202egnp.exe",
        "right_to_left_isolates": "\u2067שלום\u2069 ok",
        "right_to_left_text": "مرحبا بالعالم، كيف الحال؟",
        "zero_width_marks": "in\u200bvis\u200cible\u2060",
        "soft_hyphens": "Donau\u00addampf",
        "emoji_joined": "👩‍👩‍👧‍👦 great 👍🏽",
        "flags": "🇩🇪🇺🇳",
        "zalgo": "Z̸̢̛͓a̵̡͝l̷̨̛g̴̢̛o̶",
        "two_ways_of_one_letter": "e\u0301 é",
        "ligatures": "ﬁne ﬂow",
        "bell_and_escape": "ring \x07 \x1b[31mred\x1b[0m",
        "form_feed": "page\x0cnext",
        "vertical_tab": "a\x0bb",
        "next_line_letter": "a\u0085b",
        "line_separator": "a\u2028b\u2029c",
        "line_end_of_windows": "first\r\nsecond",
        "blank_lines_within": "first\n\n\nsecond",
        "tab_within": "a\tb",
        "quotes_only": '"""',
        "one_quote": '5" tap',
        "apostrophes": "it's 'fine'",
        "backslashes": "C:\\temp\\new\\",
        "backslash_n": "first\\nsecond \\u0041",
        "sql": "'; DROP TABLE mentions; --",
        "template": "{{7*7}} ${7*7} #{7*7} %s %(x)s {0}",
        "path": "../../../../etc/passwd",
        "json": '{"a": [1, 2, {"b": null}]}',
        "csv_within": 'a,b\n"c","d"',
        "word_null": "NULL",
        "word_none": "None",
        "word_nan": "nan",
        "word_true": "true",
        "word_not_available": "N/A",
        "only_a_hyphen": "-",
        "only_a_question_mark": "?",
        "only_digits": "00123",
        "only_a_decimal": "1.50",
        "like_a_date": "03/04/2024",
        "like_an_address": "write to ada@example.com or +49 30 1234567",
        "private_letters": "\ue000\uf8ff",
        "letters_beyond_the_plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𓀀",
        "a_letter_that_is_none": "a\ufffeb",
        "long_text": "long " * 20_000 + "end",
        "long_word": "x" * 100_000,
        "many_lines": "line\n" * 500 + "end",
    },
    _put,
    needs=with_text,
)


def _trimmed(text: str, case: Case) -> None:
    """A text whose blanks at the ends do not count."""
    place = case.column(case.good.text)
    for row in case.some(3):
        row.cells[place] = text
        row.expected[case.good.text] = text.strip(" \t\r\n\u00a0")


family(
    "texts",
    {"blanks_around_text": "  good  ", "only_blanks": "    ", "no_break_blanks_around": "\u00a0good\u00a0"},
    _trimmed,
    needs=with_text,
)
