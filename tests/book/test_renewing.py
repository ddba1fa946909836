"""The pages of the tests: no other host is reached, an attempt is seen, a page renewed is as it was at first."""

import pytest
from probe_page import affine, probe, wait_for  # noqa: F401
from tabs import blameless

ELSEWHERE = ("http://example.org/a.js", "https://192.0.2.1/b.png", "http://localhost:9/c.css")
ASK = """url => new Promise(done => {
  const image = Object.assign(new Image(), { src: url });
  image.onload = () => done("loaded");
  image.onerror = () => done("failed");
})"""
LOOK = """() => ({
  html: document.documentElement.outerHTML.replace(/<script src="[^"]*onnxruntime[^"]*"><.script>/g, ""),
  names: Object.getOwnPropertyNames(globalThis).filter((name) => !["loadOnnxRuntime", "ort"].includes(name)),
  url: location.href,
  stored: [localStorage.length, sessionStorage.length],
  scrolled: scrollY,
  random: /native code/.test(Math.random),
  frame: /native code/.test(requestAnimationFrame),
})"""


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_page_that_asks_another_host_is_seen_and_gets_nothing(widget_page, affine, scheme, url):
    page = widget_page(affine, scheme=scheme, fresh=True)
    blameless(page)
    assert page.evaluate(ASK, url) == "failed"
    assert page.left == [url]
    with pytest.raises(AssertionError, match="the page asked other hosts"):
        blameless(page)
    assert all("Failed to load resource" in text for text in page.errors)
    page.left.clear()
    page.errors.clear()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_page_renewed_is_as_it_was_at_first(widget_page, affine, scheme):
    page = widget_page(affine, scheme=scheme)
    wait_for(page, "sum 11; product 10")
    first = page.evaluate(LOOK)
    page.get_by_label("x").fill("4")
    wait_for(page, "sum 17; product 20")
    page.evaluate(
        """() => {
          globalThis.ours = localStorage.ours = sessionStorage.ours = "1";
          Math.random = globalThis.requestAnimationFrame = () => 0;
          location.hash = "elsewhere";
          document.documentElement.dataset.theme = "dark";
          document.body.dataset.jpThemeLight = "false";
          document.body.classList.add("ours");
          globalThis.before = document.querySelector("[data-state]");
        }"""
    )
    same = widget_page(affine, scheme=scheme)
    assert same is page
    wait_for(page, "sum 11; product 10")
    again = page.evaluate(LOOK)
    brought = {"liveModels"} if scheme == "file" else set()  # where the scripts beside the page leave what they hold
    assert set(again.pop("names")) ^ set(first.pop("names")) <= brought
    assert again == first
    assert probe(page).get_attribute("data-drawn") == "1"
    assert page.get_by_label("x").input_value() == "2"
    page.get_by_label("x").fill("-4")  # it answers, and the widget that was there does not
    wait_for(page, "sum -7; product -20")
    assert page.evaluate("probes.length") == 1


def test_a_page_renewed_has_nothing_to_say_of_what_it_loads(widget_page, affine):
    page = widget_page(affine)
    assert page.asked is None
    assert widget_page(affine, fresh=True).asked
