"""Of a theme's styles stays what a page may use."""

import pytest
from book_styles import thinned, words

NAMED = words('<p class="note seen"> <script>show("tip-" + side)</script>')


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".note{a:b}", ".note{a:b}"),
        (".other{a:b}", ""),
        (".note .other{a:b}", ""),
        (".other,.note > p{a:b}", ".note > p{a:b}"),
        ("p,:root,a[href$='.png']{a:b}", "p,:root,a[href$='.png']{a:b}"),
        ("p:not(.other,.more):is(.other,.note){a:b}", "p:not(.other,.more):is(.other,.note){a:b}"),
        (".tip-left{a:b}.tip{a:b}", ".tip-left{a:b}"),  # a script may put it together
        (".-Colour-red{a:b}", ""),
        (r".sm\:other{a:b}", r".sm\:other{a:b}"),  # too hard to tell
        ("@media print{.other{a:b}.note{c:d}}", "@media print{.note{c:d}}"),
        ("@media print{.other{a:b}}p{c:d}", "p{c:d}"),
        (
            "@font-face{font-family:x}@keyframes y{0.5%{a:b}to{c:d}}",
            "@font-face{font-family:x}@keyframes y{0.5%{a:b}to{c:d}}",
        ),
        ("/*! a licence */.other{a:b}/* .note{ */p{a:b}", "/*! a licence */p{a:b}"),
        ("@charset 'x';.note{a:url(data:x;y)}", "@charset 'x';.note{a:url(data:x;y)}"),
    ],
)
def test_what_no_page_names_is_left_out(css, left):
    assert thinned(css, NAMED) == left
    assert thinned(left, NAMED) == left
