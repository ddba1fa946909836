"""What goes wrong with the real model in a page: a sentence says so, nothing is lost, and the next try works."""

import pytest
from driving import frames
from hiding import hide, show
from real_model_page import LOAD, TEXT, answered, load, model, offered, parts, state, view, words  # noqa: F401
from test_faults import STUB

from largemodels.live import AttentionExplorer, LlamaExplained, live
from largemodels.live.token_attention_explorer import Reading

MEMORY = "enough memory left for the model"
# keeping is refused, as where the disk is full or the reader allows nothing to be kept
FULL = """names => {
  for (const name of names) {
    Cache.prototype[name] = () => Promise.reject(new DOMException("there is no room", "QuotaExceededError"));
  }
}"""


def as_torch(found, model, words, text):
    asked = {"text": text, "place": [1, 2], "off": [], "write": 0, "turn": found["turn"]}
    assert found["text"] == text
    want = Reading(LlamaExplained(model), words).answer(asked)
    assert [row[0] for row in found["expected"]] == [row[0] for row in want["expected"]]


def read(page, model, words, text=TEXT):
    """Type a text, and see that it is read as torch reads it."""
    page.locator("textarea").fill(text)
    as_torch(answered(page), model, words, text)


def held(page, name):
    """Hold a file back when it is asked for; return where the request will be."""
    requests = []
    page.route(f"**/{name}", lambda route: requests.append(route), times=1)
    return requests


def when_held(page, requests):
    while not requests:
        page.wait_for_function("true")  # lets what the browser says come in
    return requests[0]


@pytest.mark.parametrize("what", ["onnxruntime-wasm.bin", "part"])
def test_a_download_that_stalls_is_stopped_and_tried_again(offered, parts, model, words, what):
    page = offered(alone=True)
    requests = held(page, f"{parts[1][0]}.bin" if what == "part" else what)
    page.get_by_role("button", name=LOAD).click()
    when_held(page, requests)
    page.get_by_role("button", name="Stop").click()
    assert state(page, "offered")["problem"] == ""
    load(page)
    read(page, model, words)
    page.errors.clear()


def test_a_network_that_goes_in_mid_download_is_told(offered, parts, model, words):
    page = offered(alone=True)
    requests = held(page, f"{parts[2][0]}.bin")
    page.get_by_role("button", name=LOAD).click()
    request = when_held(page, requests)
    page.context.set_offline(True)
    request.abort()
    page.locator(".at-trouble", has_text="could not be fetched (there is no network)").wait_for()
    page.errors.clear()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    state(page, "ready")
    read(page, model, words)


@pytest.mark.parametrize("say", ["std::bad_alloc", "Array buffer allocation failed"])
def test_without_memory_for_it_the_stored_reading_stays_and_it_can_be_tried_again(offered, model, words, say):
    page = offered()
    page.evaluate(STUB, say)
    page.evaluate("() => { faults.create = 1; faults.run = 0; }")
    before = page.locator(".lm-line").text_content()
    page.get_by_role("button", name=LOAD).click()
    assert MEMORY in state(page, "offered")["problem"]
    assert MEMORY in page.locator(".at-trouble").text_content()
    assert page.locator(".lm-line").text_content() == before
    page.locator(".lm-line").focus()
    page.keyboard.press("Home")  # it can still be looked at
    assert "looks at" in page.locator(".ax-sentence").text_content()
    page.get_by_role("button", name="Try again").click()
    state(page, "ready")
    read(page, model, words)


def test_without_memory_to_read_on_the_last_answer_stays_and_the_next_text_is_read(offered, model, words):
    page = offered()
    page.evaluate(STUB, "std::bad_alloc")
    page.evaluate("() => { faults.create = faults.run = 0; }")
    load(page)
    read(page, model, words)
    page.evaluate("faults.run = 1")
    page.locator("textarea").fill(TEXT + " and")
    page.locator(".lm-problem", has_text="not enough memory").wait_for()
    assert page.locator("textarea").input_value() == TEXT + " and"
    assert page.evaluate("own.get('outputs').text") == TEXT
    read(page, model, words, TEXT + " and on")
    assert not any(page.locator(".lm-problem").all_text_contents())


@pytest.mark.parametrize("names", [["put"], ["put", "match", "keys", "delete"]], ids=["full", "forbidden"])
def test_where_nothing_can_be_kept_it_loads_all_the_same(offered, model, words, names):
    page = offered()
    page.evaluate(FULL, names)
    load(page)
    read(page, model, words)


def test_what_was_kept_and_is_damaged_is_fetched_again(offered, parts, model, words):
    page = offered(alone=True)
    load(page)
    spoil = """async () => { for (const name of await caches.keys()) { const store = await caches.open(name);
      for (const one of await store.keys()) await store.put(one, new Response("?")); } }"""
    page.evaluate(spoil)
    page.reload()
    page.get_by_role("button", name=LOAD).wait_for()
    page.evaluate(FULL, ["delete"])
    load(page)
    read(page, model, words)


def test_a_tab_that_is_frozen_and_hidden_goes_on_loading(offered, parts, model, words):
    page = offered()
    requests = held(page, f"{parts[2][0]}.bin")
    page.get_by_role("button", name=LOAD).click()
    request = when_held(page, requests)
    hide(page)
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    session.send("Page.setWebLifecycleState", {"state": "active"})
    request.continue_()
    page.wait_for_function("own.get('real').state === 'ready'", polling=50)  # also behind other tabs
    show(page)
    read(page, model, words)


def test_a_page_that_one_comes_back_to_has_the_text_and_reads_it_when_the_model_is_there(offered, model, words):
    page = offered(alone=True)
    load(page)
    read(page, model, words)
    page.get_by_role("checkbox", name="this head is on").uncheck()
    want = answered(page)["moved"]["numbers"]
    page.wait_for_function("location.hash.includes('off-102')")
    address = page.url
    page.goto("about:blank")
    page.go_back()
    page.get_by_role("button", name=LOAD).wait_for()
    page.locator(".lm-line").focus()
    page.keyboard.press("Home")  # a touch keeps what is set
    frames(page)
    load(page)
    page.wait_for_function("text => document.querySelector('textarea').value === text", arg=TEXT)
    assert answered(page)["moved"]["numbers"] == want
    page.go_forward()
    page.go_back()
    page.get_by_role("button", name=LOAD).wait_for()
    assert page.url.partition("#")[0] == address.partition("#")[0]
    load(page)
    page.wait_for_function("text => document.querySelector('textarea').value === text", arg=TEXT)


def test_two_explorers_share_one_download_and_read_at_the_same_time(widget_page, view, parts, model, words):
    start = {"ids": words.encode("def ")[None]}
    twin = live(AttentionExplorer(words, {"a text": TEXT}, (1, 2)), LlamaExplained(model), start)
    twin._esm = view._esm.replace("globalThis.own = model", "globalThis.twin = model")
    page = widget_page(twin, view, fresh=True, alone=True)
    requests = held(page, f"{parts[3][0]}.bin")
    for _ in range(2):
        page.get_by_role("button", name=LOAD).first.click()
    request = when_held(page, requests)
    page.wait_for_function("own.get('real').part === 2 && twin.get('real').part === 2")  # both say how far it is
    request.continue_()
    page.wait_for_function("own.get('real').state === 'ready' && twin.get('real').state === 'ready'")
    type_both = """texts => texts.forEach((text, i) => {
      const box = document.querySelectorAll("textarea")[i];
      box.value = text;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    })"""
    page.evaluate(type_both, [TEXT[:10], TEXT])
    for name, text in (("twin", TEXT[:10]), ("own", TEXT)):
        page.wait_for_function(f"text => {name}.get('outputs').text === text", arg=text)
        as_torch(page.evaluate(f"{name}.get('outputs')"), model, words, text)
    assert [url for url in page.asked if "/real/" in url].count(request.request.url) == 1
