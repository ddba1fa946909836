"""The attention explorer reads on from what it has read: whatever happens to a text, the page shows what torch does."""

import pytest
import torch
from attention_page import (  # noqa: F401
    CONTEXT,
    START,
    change,
    check_against_torch,
    dials_of,
    explorer,
    fill,
    fix_chance,
    model,
    switches_of,
    text_of,
    view,
    written_by_torch,
)
from driving import idle

from largemodels.data.source_code import CODE_CHARACTERS

# frames that are asked for while `held` is a list wait in it, as in a page that is hidden
HIDE = """() => { const next = window.requestAnimationFrame; window.held = [];
  window.requestAnimationFrame = (run) => (window.held ? window.held.push(run) : next(run)); }"""
SHOW = "() => { const { held } = window; window.held = null; held.forEach((run) => requestAnimationFrame(run)); }"


def done(page):
    """Wait until nothing is to be written any more, and all that was is drawn."""
    page.get_by_role("button", name="Write ten").wait_for()
    idle(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_greedy_text_is_what_generate_writes_beyond_the_context_too(explorer, model, scheme):
    page = explorer(scheme=scheme)
    change(page, lambda: page.get_by_role("slider", name="temperature").fill("0"))
    page.get_by_role("button", name="Write 100").click()
    done(page)
    want = model.generate(CODE_CHARACTERS.encode(START)[None], 100, temperature=0)[0]
    written = page.locator("textarea").input_value()
    assert written == CODE_CHARACTERS.decode(want)
    assert written.endswith(text_of(page))
    assert CONTEXT // 2 < len(text_of(page)) <= CONTEXT
    check_against_torch(page, model)
    page.get_by_role("button", name="Take back").click()
    page.wait_for_function("start => document.querySelector('textarea').value === start", arg=START)
    idle(page)
    check_against_torch(page, model)


def test_a_text_that_is_edited_anywhere_is_read_as_torch_reads_it(explorer, model):
    page = explorer()
    for text in (START + "x", START, START[:9] + "ab" + START[9:], START[:4], "other", "othe", "other" * 20, START):
        fill(page, text)
        assert text_of(page) == text[-CONTEXT:]
        check_against_torch(page, model)


def test_only_what_is_new_of_a_text_is_computed(explorer):
    page = explorer(fresh=True)  # nothing of what is changed here stays
    fill(page, START + "a")
    page.evaluate(
        """() => { window.lengths = []; const run = liveReading.prototype.readOn;
          liveReading.prototype.readOn = function (how, inputs) {
            return run.call(this, (feeds) => (window.lengths.push(feeds.text.shape[1]), how(feeds)), inputs);
          }; }"""
    )
    fill(page, START + "ab")
    fill(page, START + "abcd")
    fill(page, START)
    fill(page, START[:-3] + "x" + START[-3:])
    assert page.evaluate("lengths") == [1, 2, 4]


def test_a_head_that_is_switched_off_while_the_model_writes_stops_it(explorer, model):
    page = explorer()
    page.evaluate(HIDE)
    page.get_by_role("button", name="Write 100").click()
    page.wait_for_function("window.held.length > 0", polling=50)
    page.evaluate("document.querySelectorAll('.ax-switch input')[5].click()")
    page.evaluate(SHOW)
    done(page)
    assert not switches_of(page).flatten()[5]
    assert len(text_of(page)) < len(START) + 100
    check_against_torch(page, model)
    luck = torch.rand(20, generator=torch.Generator().manual_seed(3)).tolist()
    before = text_of(page)
    fix_chance(page, list(luck))
    page.get_by_role("button", name="Write ten").click()
    done(page)
    assert len(text_of(page)) == len(before) + 10
    check_against_torch(page, model)


def test_in_a_hidden_page_writing_waits_and_goes_on_when_it_is_seen(explorer, model):
    page = explorer()
    luck = torch.rand(20, generator=torch.Generator().manual_seed(7)).tolist()
    fix_chance(page, list(luck))
    page.evaluate(HIDE)
    page.get_by_role("button", name="Write ten").click()
    page.wait_for_function("window.held.length > 0", polling=50)
    assert len(page.locator("textarea").input_value()) == len(START) + 1
    page.evaluate(SHOW)
    done(page)
    assert text_of(page) == written_by_torch(model, START, luck[:10], dials_of(page))
    check_against_torch(page, model)
