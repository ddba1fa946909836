"""Pictures in sight are painted first; those out of sight soon after, and at once where all are asked for."""

import pytest
from attention_page import explorer, fill, model, view  # noqa: F401
from driving import frames, idle
from taking import saved

PICTURES = "[...document.querySelectorAll('.ax canvas')].map((canvas) => canvas.toDataURL())"
# type a letter; when what is in sight is drawn, do something; which pictures have changed before and after that?
TYPE = """async ([then, pictures]) => {
  pictures = Function(`return ${pictures}`);
  const box = document.querySelector("textarea");
  const before = pictures();
  const seen = new Promise((resolve) => new MutationObserver(resolve).observe(
    document.querySelector("[data-drawn]"), { attributeFilter: ["data-drawn"] }));
  box.value += "(";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  await seen;
  const first = pictures();
  await eval(then);
  const changed = (now) => [...document.querySelectorAll(".ax canvas")].map(
    (canvas, i) => [Boolean(canvas.closest(".ax-working")), now[i] !== before[i]]);
  return [changed(first), changed(pictures())];
}"""


def reading(explorer, **options):
    page = explorer(fresh=True, **options)
    fill(page, "for i in range(10): print(i")
    page.evaluate("document.querySelector('textarea').scrollIntoView({ block: 'start' })")
    frames(page)
    idle(page)
    return page


NEVER_RESTS = "globalThis.requestIdleCallback = () => {}"
COMES = """(async () => {
  scrollTo(0, 10000);
  while (pictures().join() === first.join()) await new Promise(requestAnimationFrame);
})()"""


@pytest.mark.parametrize(
    ("rests", "then"),
    [
        (True, "new Promise((next) => requestIdleCallback(next, { timeout: 600000 }))"),
        (False, "dispatchEvent(new Event('beforeprint'))"),
        (False, COMES),
    ],
    ids=["the browser rests", "it prints", "the reader scrolls there"],
)
def test_what_is_out_of_sight_waits_until_the_rest_is_shown(explorer, rests, then):
    page = reading(explorer, width=1200, height=900)
    if not rests:
        page.evaluate(NEVER_RESTS)
    first, then = page.evaluate(TYPE, [then, PICTURES])
    assert any(changed for below, changed in first if not below)  # the small maps begin in sight
    assert not any(changed for below, changed in first if below)
    assert sum(changed for below, changed in then if below) >= 3


def test_in_the_end_all_is_as_if_it_had_been_in_sight(explorer):
    low, high = (reading(explorer, width=1200, height=height) for height in (500, 5000))
    assert low.evaluate(PICTURES) == high.evaluate(PICTURES)


def test_a_picture_to_take_away_waits_for_nothing(explorer):
    page = reading(explorer, width=1200, height=900)
    page.evaluate(NEVER_RESTS)
    _, then = page.evaluate(TYPE, ["null", PICTURES])
    assert not any(changed for below, changed in then if below)
    stale = page.evaluate(PICTURES)
    saved(page, "Picture")
    fresh = page.evaluate(PICTURES)
    below = [picture for picture, before in zip(fresh, stale, strict=True) if picture != before]
    assert len(below) >= 3
