"""A thousand random inputs to every widget, from a fixed seed: it stands, has escaped all, and still answers right."""

import base64
import re
from pathlib import Path

import pytest
import torch
from driving import frames
from every_view import EVERY_VIEW
from moving import MOVES

from largemodels import live

TIMES = 1000
RANDOM = (Path(__file__).parent / "random_inputs.js").read_text(encoding="utf-8")

# while the page is opened, the script of a view says which model it draws, and `heard` holds what listens to keys
TELL = """() => {
  globalThis.heard = [];
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (name, ...rest) {
    if (name === "keydown" && this instanceof Element) heard.push(this);
    return add.call(this, name, ...rest);
  };
  const { Blob: Whole } = globalThis;
  globalThis.silent = () => {
    globalThis.Blob = Whole;
    EventTarget.prototype.addEventListener = add;
    return heard.filter((el) => el.closest("[data-state]") && !el.dataset.keys).map((el) => el.outerHTML.slice(0, 120));
  };
  globalThis.Blob = function (parts, options) {
    const told = parts.map((part) => typeof part === "string"
      ? part.replace('el.classList.add("lm");', 'el.classList.add("lm"); el.liveModel = model;') : part);
    return new Whole(told, options);
  };
}"""
# ordinary changes, one after the other, until one has an answer that is drawn
CHANGE = """async () => {
  const view = document.querySelector("[data-drawn]");
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const before = Number(view.dataset.drawn);
  const told = (el, ...names) => names.forEach((name) => el.dispatchEvent(new Event(name, { bubbles: true })));
  const ways = {
    "textarea, input[type=text]": (el) => {
      el.value = el.value === "if x" ? "if (x" : "if x";
      told(el, "input");
    },
    "input[type=number]": (el) => {
      el.value = el.value === "0.75" ? "0.5" : "0.75";
      told(el, "input", "blur");
    },
    "input[type=range]": (el) => {
      el.value = el.value === el.min ? el.max : el.min;
      told(el, "input", "change");
    },
    "input[type=radio]:not(:checked), input[type=checkbox]": (el) => el.click(),
  };
  for (const [kind, change] of Object.entries(ways)) {
    for (const el of view.querySelectorAll(kind)) {
      if (el.disabled || el.readOnly || !el.checkVisibility()) continue;
      change(el);
      do await frame();
      while (["loading", "running"].includes(view.dataset.state));
      await frame();
      if (Number(view.dataset.drawn) > before) return kind;
    }
  }
  return "";
}"""
STATE = """() => {
  const { liveModel } = document.querySelector("[data-drawn]");
  const plain = ({ shape, data }) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return { shape, data: btoa(text) };
  };
  const all = (name) =>
    Object.fromEntries(Object.entries(liveModel.get(name)).map(([key, wire]) => [key, plain(wire)]));
  return [all("inputs"), all("outputs")];
}"""


def wires(plain: dict) -> dict:
    return {name: {**wire, "data": base64.b64decode(wire["data"])} for name, wire in plain.items()}


def numbers(wire: dict) -> torch.Tensor:
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


def at_rest(page):
    """Wait until all that was asked has its answer."""
    frames(page)
    page.wait_for_function("!['loading', 'running'].includes(document.querySelector('[data-drawn]').dataset.state)")


@pytest.mark.parametrize("view", EVERY_VIEW)
def test_a_thousand_random_inputs_do_no_harm(widget_page, views, view):
    page = widget_page(views[view])
    page.evaluate(TELL)
    page.evaluate("renewal.names.add('silent').add('heard')")
    page = widget_page(views[view])
    mute = page.evaluate("silent()")
    page.evaluate("renewal.names.delete('silent'); renewal.names.delete('heard')")
    assert mute == []  # whatever listens to keys says which, for the page's help
    seed = sum(map(ord, view))
    left = page.evaluate(f"given => ({RANDOM})(given)", {"seed": seed, "times": TIMES})
    at_rest(page)
    assert left == {"hacked": 0, "strange": 0, "connected": True}
    assert page.errors == []
    assert page.evaluate(MOVES) == []  # for the reader wants no motion

    session = page.context.new_cdp_session(page)  # the tab goes to sleep and wakes up
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    session.send("Page.setWebLifecycleState", {"state": "active"})
    session.detach()
    if not views[view].onnx:
        return  # it answers beside a kernel alone, or is drawn without a model
    assert page.evaluate(CHANGE)
    at_rest(page)
    assert page.locator("[data-drawn]").get_attribute("data-state") == "ready"
    assert page.locator(".live-message").first.text_content() == ""
    inputs, outputs = (wires(each) for each in page.evaluate(STATE))
    wanted = views[view]._binding.answer(inputs)
    past = getattr(views[view], "grows", {}).get("past", {}).values()
    drawn = outputs.keys() - ({one["output"] for one in past} - wanted.keys())  # what a graph keeps to read on
    assert drawn
    assert drawn <= wanted.keys()
    for name in drawn:
        wire = outputs[name]
        torch.testing.assert_close(numbers(wire), numbers(wanted[name]), atol=2e-4, rtol=2e-3, msg=name)


def test_every_view_of_the_book_is_tried_here():
    every = (Path(__file__).parent / "every_view.py").read_text(encoding="utf-8")
    kinds = [name for name in live.__all__ if isinstance(getattr(live, name), type)]
    named = [name for name in kinds if issubclass(getattr(live, name), live.View)]
    named = [name for name in named if name not in ("View", "TrainingView")]  # what others are made of
    assert len(named) > 15
    assert [name for name in named if not re.search(rf"\b{name}\(", every)] == []
