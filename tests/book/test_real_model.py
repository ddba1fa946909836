"""The real model in the page: offered where the book has it, loaded part by part, then what a kernel is to the view."""

import json
import os

import pytest
import torch
from real_model_page import LOAD, TEXT, answered, load, model, offered, parts, state, view, words  # noqa: F401
from token_attention_page import large

from largemodels.live import LlamaExplained
from largemodels.live.token_attention_explorer import Reading

START = {"place": [1, 2], "off": [], "write": 0, "temperature": 0, "top_k": None, "top_p": 1.0, "turn": 1}


def assert_as_torch(found, asked, model, words):
    want = Reading(LlamaExplained(model), words).answer(asked)
    for name in ("text", "pieces", "dropped", "place"):
        assert found[name] == want[name], name
    assert [row[0] for row in found["expected"]] == [row[0] for row in want["expected"]]
    for name in ("rows", "probabilities", "actual", "moved", "scores", "query", "key", "value"):
        numbers = torch.frombuffer(bytearray(want[name]["data"]), dtype=torch.float32)
        torch.testing.assert_close(
            torch.tensor(found[name]["numbers"]).float(), numbers, atol=2e-5, rtol=1e-4, msg=name
        )
        assert found[name]["shape"] == want[name]["shape"]
    steps = torch.frombuffer(bytearray(want["weights"]["data"]), dtype=torch.uint8).int()
    assert (torch.tensor(found["weights"]["numbers"]) - steps).abs().max() <= 1


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_it_reads_what_is_typed_as_torch_does(offered, model, words, scheme):
    page = offered(scheme=scheme)
    assert page.locator(".at-how").is_visible()
    assert not any("/real/" in url and not url.endswith(".js") for url in page.asked)
    load(page)
    page.locator("textarea").fill(TEXT)
    found = answered(page)
    asked = {**START, "text": TEXT, "turn": found["turn"]}
    assert_as_torch(found, asked, model, words)
    torch.testing.assert_close(large(page), torch.tensor(found["rows"]["numbers"]))
    page.locator("textarea").fill(TEXT[:-2] + " and on")  # the beginning is not read again
    assert_as_torch(answered(page), {**asked, "text": TEXT[:-2] + " and on"}, model, words)
    assert "nothing that you type leaves your device" in page.locator(".at-offer").text_content()
    assert not page.locator(".at-how").is_visible()


def test_a_head_is_switched_off_and_another_one_chosen(offered, model, words):
    page = offered()
    load(page)
    page.locator("textarea").fill(TEXT)
    answered(page)
    page.get_by_role("checkbox", name="this head is on").uncheck()
    found = answered(page)
    asked = {**START, "text": TEXT, "off": [[1, 2]], "turn": found["turn"]}
    assert_as_torch(found, asked, model, words)
    page.get_by_role("spinbutton", name="layer").fill("3")
    assert_as_torch(answered(page), {**asked, "place": [2, 2]}, model, words)


def test_it_writes_the_tokens_that_torch_writes(offered, model, words):
    page = offered()
    load(page)
    page.get_by_role("slider", name="temperature").fill("0")
    page.locator("textarea").fill(TEXT)
    answered(page)
    page.get_by_role("button", name="Write ten").click()
    found = answered(page)
    reading = Reading(LlamaExplained(model), words)
    asked = {**START, "text": TEXT, "write": 10}
    assert found["text"] == reading.answer(asked)["text"]
    assert page.locator("textarea").input_value() == found["text"]
    page.get_by_role("button", name="Take back").click()
    assert answered(page)["text"] == TEXT
    page.get_by_role("slider", name="temperature").fill("1")
    page.get_by_role("slider", name="top-k").fill("1")
    page.get_by_role("button", name="Write ten").click()
    assert answered(page)["text"] == found["text"]


def test_a_longer_text_is_read_at_its_end(offered, model, words):
    page = offered()
    load(page)
    page.locator("textarea").fill(TEXT * 6)
    found = answered(page)
    assert found["dropped"] > 0
    assert_as_torch(found, {**START, "text": TEXT * 6}, model, words)


HARM = {
    "lost": (lambda route, body: route.abort(), "Part 3 of 6 could not be fetched"),
    "cut short": (lambda route, body: route.fulfill(body=body[:-9]), "Part 3 of 6 could not be fetched"),
    "damaged": (lambda route, body: route.fulfill(body=body[:40] + b"?!" + body[42:]), "Part 3 of 6 arrived damaged"),
    "missing": (lambda route, body: route.fulfill(status=404), "Part 3 of 6 could not be fetched"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_part_that_does_not_come_is_told_and_the_rest_is_kept(offered, parts, static, harm):
    page = offered(alone=True)
    name = parts[2][0]
    body = (static / f"_static/vendor/real/{name}.bin").read_bytes()
    spoil, words = HARM[harm]
    page.route(f"**/{name}.bin", lambda route: spoil(route, body), times=1)
    page.get_by_role("button", name=LOAD).click()
    page.locator(".at-trouble", has_text=words).wait_for()
    page.errors.clear()
    before = len(page.asked)
    page.get_by_role("button", name="Try again").click()
    state(page, "ready")
    fetched = [url for url in page.asked[before:] if url.endswith(".bin") and "/real/" in url]
    assert [url.rpartition("/")[2] for url in fetched] == [f"{part[0]}.bin" for part in parts[2:]]


def test_it_is_stopped_and_taken_up_again_and_kept_for_the_next_visit(offered, parts):
    page = offered(alone=True)
    held = []
    page.route(f"**/{parts[3][0]}.bin", lambda route: held.append(route), times=1)
    page.get_by_role("button", name=LOAD).click()
    page.wait_for_function("own.get('real').part === 2")  # the third is here
    stop = page.get_by_role("button", name="Stop")
    stop.wait_for()
    page.wait_for_function("document.activeElement.textContent === 'Stop'")
    stop.click()
    assert state(page, "offered")["problem"] == ""
    load(page)
    page.reload()
    page.get_by_role("button", name=LOAD).wait_for()
    page.asked.clear()
    load(page)
    assert not any(url.endswith(".bin") and "/real/" in url for url in page.asked)
    page.errors.clear()


def test_on_a_phone_it_says_what_it_takes_and_asks_first(offered, axe):
    page = offered(touch=True, width=390, height=844)
    page.get_by_role("button", name=LOAD).click()
    assert "about 0.9 GB of memory" in page.locator(".at-offer").text_content()
    assert not any(url.endswith(".bin") for url in page.asked)
    assert axe(page) == []
    page.get_by_role("button", name="Not now").click()
    page.get_by_role("button", name=LOAD).click()
    page.get_by_role("button", name="Load it anyway").click()
    state(page, "ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe(page) == []


def test_a_book_without_the_model_offers_nothing(widget_page, view, parts):
    page = widget_page(view, fresh=True, alone=True)
    page.route("**/vendor/real/index.js", lambda route: route.fulfill(body="globalThis.liveRealModel = null;"))
    page.reload()
    assert state(page, "none") == {"state": "none"}
    assert not page.locator(".at-offer").is_visible()
    assert "make real" in page.locator(".at-how").text_content()


def test_a_model_made_since_the_last_visit_is_offered(widget_page, view, parts, static):
    index = static / "_static/vendor/real/index.js"
    whole = index.read_bytes()
    index.write_text("globalThis.liveRealModel = null;\n", encoding="utf-8")
    os.utime(index, (1e9, 1e9))  # what has been so for long, a browser believes for long
    try:
        page = widget_page(view, fresh=True, alone=True)
        assert state(page, "none", "offered") == {"state": "none"}
    finally:
        index.write_bytes(whole)
    page.goto(page.url)
    page.get_by_role("button", name=LOAD).wait_for()


def test_a_mistake_is_told_and_the_next_text_is_read(offered):
    page = offered()
    load(page)
    page.evaluate("own.set('inputs', {...own.get('inputs'), place: [9, 9], turn: 99}); own.save_changes()")
    page.locator(".lm-problem", has_text="there are 3 layers of 4 heads; got layer 9, head 9").wait_for()
    page.evaluate("own.set('inputs', {...own.get('inputs'), place: [0, 0]})")
    page.locator("textarea").fill("return")
    assert json.dumps(answered(page)["text"]) == '"return"'
    assert not any(page.locator(".lm-problem").all_text_contents())


def test_two_tabs_fetch_each_part_once(offered, parts):
    pages = [offered(), offered()]
    for page in pages:
        page.get_by_role("button", name=LOAD).click()
    for page in pages:
        state(page, "ready")
    fetched = [url for page in pages for url in page.asked if url.endswith(".bin") and "/real/" in url]
    assert len(fetched) == len(set(fetched)) == len(parts)
