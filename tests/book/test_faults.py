"""What goes wrong in a page: a sentence says so, nothing of the reader's is lost, and the next try works."""

import gzip
import re

import pytest
import torch
from probe import Probe
from probe_page import affine, message, wait_for, weighed  # noqa: F401
from test_live_answers import beside  # noqa: F401
from torch import nn

from largemodels.live import live

SENTENCE = re.compile(r"This could not be computed: .+\. What you see is the last result\.")
MEMORY = "not enough memory"
# the runtime's ways of making a session, and of running it, fail in turn: `faults` says how often still
STUB = """(say) => {
  globalThis.faults = { create: 2, run: 1 };
  let load;
  Object.defineProperty(globalThis, "loadOnnxRuntime", {
    set: (value) => (load = value),
    get: () => async (...given) => {
      const ort = await load(...given);
      const { create } = ort.InferenceSession;
      ort.InferenceSession.create = async (...given) => {
        if (faults.create-- > 0) throw new RangeError(say);
        const session = await create.apply(ort.InferenceSession, given);
        const run = session.run.bind(session);
        session.run = async (...feeds) => {
          if (faults.run-- > 0) throw new RangeError(say);
          return run(...feeds);
        };
        return session;
      };
      return ort;
    },
  });
}"""


class Root(nn.Module):
    def forward(self, x):
        return x.sqrt()


def failed(page, number=0):
    """Wait until a widget says that it failed, and return what it says."""
    page.wait_for_function("n => document.querySelectorAll('[data-state]')[n].dataset.state === 'failed'", arg=number)
    text = page.locator(".live-message").nth(number).text_content()
    assert SENTENCE.fullmatch(text), text
    return text


@pytest.fixture(scope="module")
def root():
    return live(Probe(), Root(), {"x": torch.tensor([4.0])})


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_an_answer_that_is_not_a_number_is_not_shown(widget_page, root, weighed, scheme):
    page = widget_page(root, weighed, scheme=scheme)
    wait_for(page, "output 2")
    page.get_by_label("x").nth(0).fill("-1")
    assert "not a number" in failed(page)
    assert page.locator(".probe-text").first.text_content() == "output 2"
    page.get_by_label("x").nth(0).fill("9")
    wait_for(page, "output 3")
    assert message(page) == ""
    page.get_by_label("x").nth(1).fill("7")
    wait_for(page, "output 14 21 35", 1)


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("say", ["std::bad_alloc", "WebAssembly.Memory(): could not allocate memory"])
def test_where_memory_runs_out_a_sentence_says_so_and_the_next_change_tries_again(widget_page, affine, scheme, say):
    page = widget_page(affine, scheme=scheme, fresh=True)
    page.evaluate(STUB, say)
    for given in ("1", "2", "3"):  # twice no session, and once no run
        page.get_by_label("y").fill(given)

        assert MEMORY in failed(page)
        assert page.get_by_label("y").input_value() == given
        assert page.locator(".probe-text").text_content() == "sum 11; product 10"
    page.get_by_label("y").fill("4")
    wait_for(page, "sum 10; product 8")
    assert message(page) == ""


@pytest.mark.parametrize("harm", ["cut off", "not packed", "no model", "nothing"])
def test_a_damaged_file_of_a_model_says_so_and_is_fetched_again(widget_page, beside, static, harm):
    page = widget_page(beside, fresh=True)
    whole = (static / "_static/vendor/models/affine.bin").read_bytes()
    bodies = {"cut off": whole[:40], "not packed": b"no model", "no model": gzip.compress(b"no model"), "nothing": b""}
    page.route("**/affine.bin", lambda route: route.fulfill(body=bodies[harm]), times=1)
    page.get_by_label("y").fill("1")
    assert "damaged" in failed(page)
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 8; product 4")


@pytest.mark.parametrize("harm", ["cut off", "another name"])
def test_a_damaged_file_says_so_without_a_server(widget_page, beside, static, harm):
    path = static / "_static/vendor/models/affine.js"
    whole = path.read_text(encoding="utf-8")
    damaged = (
        whole.replace('"affine"', '"other"')
        if harm == "another name"
        else re.sub(r'([\w+/]{41})[\w+/=]+"', r'\1"', whole)
    )
    assert damaged != whole
    page = widget_page(beside, scheme="file", fresh=True)
    try:
        path.write_text(damaged, encoding="utf-8")
        page.get_by_label("y").fill("1")
        assert "damaged" in failed(page)
    finally:
        path.write_text(whole, encoding="utf-8")
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 8; product 4")


def test_without_a_network_a_sentence_says_so_and_the_answer_comes_with_the_network(widget_page, affine):
    page = widget_page(affine, fresh=True, alone=True)
    page.context.set_offline(True)
    page.get_by_label("y").fill("1")
    assert "there is no network" in failed(page)
    assert page.get_by_label("y").input_value() == "1"
    assert all("Failed to load resource" in text for text in page.errors)  # the browser's own words
    page.errors.clear()
    page.context.set_offline(False)
    wait_for(page, "sum 7; product 2")  # with no further change
    assert message(page) == ""
    page.context.set_offline(True)  # what is there, stays
    page.get_by_label("y").fill("3")
    wait_for(page, "sum 9; product 6")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_tab_that_is_frozen_goes_on_where_it_was(widget_page, affine, scheme):
    page = widget_page(affine, scheme=scheme)
    page.get_by_label("y").fill("1")
    wait_for(page, "sum 7; product 2")
    session = page.context.new_cdp_session(page)
    page.get_by_label("y").fill("3")
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    session.send("Page.setWebLifecycleState", {"state": "active"})
    wait_for(page, "sum 9; product 6")
    session.detach()


def test_two_tabs_do_not_disturb_each_other(widget_address, open_page, affine):
    one, two = (open_page(widget_address(affine)) for _ in range(2))
    for page in (one, two):
        wait_for(page, "sum 11; product 10")
    one.get_by_label("x").fill("1")
    two.get_by_label("x").fill("-4")
    wait_for(one, "sum 8; product 5")
    wait_for(two, "sum -7; product -20")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_page_that_one_comes_back_to_answers(widget_page, widget_address, affine, weighed, scheme):
    page = widget_page(affine, scheme=scheme, fresh=True)
    page.get_by_label("x").fill("1")
    wait_for(page, "sum 8; product 5")
    page.goto(widget_address(weighed, scheme=scheme))
    page.get_by_label("x").fill("7")
    wait_for(page, "output 14 21 35")
    page.go_back()
    page.wait_for_function("document.querySelector('[data-state]')?.dataset.state === 'ready'")
    page.get_by_label("x").fill("3")
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 11; product 6")
    page.go_forward()
    page.wait_for_function("document.querySelector('[data-state]')?.dataset.state === 'ready'")
    page.get_by_label("x").fill("2")
    wait_for(page, "output 4 6 10")


@pytest.mark.parametrize("view", ["attention", "next_character"])
def test_after_a_model_could_not_be_loaded_the_pen_writes(widget_page, views, view):
    page = widget_page(views[view], fresh=True)
    page.route("**/onnxruntime.js", lambda route: route.abort(), times=1)
    write = page.get_by_role("button", name=re.compile("Write (ten|40)"))
    write.click()
    assert "could not be fetched" in failed(page)
    write.wait_for()
    before = page.locator("textarea").input_value()
    assert all("Failed to load resource" in error for error in page.errors)
    page.errors.clear()
    write.click()
    page.wait_for_function("n => document.querySelector('textarea').value.length >= n", arg=len(before) + 10)
    write.wait_for()
    assert message(page) == ""
