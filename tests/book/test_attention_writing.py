"""The attention explorer in a page without a kernel: it expects and writes what torch does, with heads off as well."""

import pytest
import torch
from attention_page import (  # noqa: F401
    HEADS,
    LAYERS,
    START,
    by_torch,
    change,
    check_against_torch,
    dials_of,
    explorer,
    fill,
    fix_chance,
    model,
    place,
    switches_of,
    text_of,
    value,
    view,
    written_by_torch,
)
from driving import idle

from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.interpret import capture
from largemodels.live import GPTExplained


def test_a_head_switched_off_changes_what_comes_next_as_a_hook_in_torch_does(explorer, model):
    page = explorer()
    change(page, lambda: page.locator(".ax-switch input").nth(14).uncheck())
    page.locator(".ax-switch input").nth(1).focus()
    change(page, lambda: page.keyboard.press("Space"))
    assert switches_of(page).flatten().nonzero(as_tuple=True)[0].tolist() == [0, *range(2, 14), 15]
    want = check_against_torch(page, model)
    with capture(model, "head") as seen:
        hooks = [
            model.blocks[layer].attention.mixed.register_forward_hook(
                lambda module, args, output, head=head: output * (torch.arange(HEADS) != head).view(1, -1, 1, 1)
            )
            for layer, head in ((0, 1), (3, 2))
        ]
        with torch.no_grad():
            model(CODE_CHARACTERS.encode(START)[None])
        for hook in hooks:
            hook.remove()
    torch.testing.assert_close(want["probabilities"][1], seen["head"][0].softmax(-1), atol=1e-5, rtol=0)
    moved = want["moved"][1, -1].item()
    assert moved > 0.005
    assert value(page.locator(".ax-changes")) == pytest.approx(moved, abs=1e-5)
    assert page.locator(".ax-changes").text_content().startswith("Off: 1.2, 4.3 (layer.head).")
    page.locator(".ax-pick").nth(14).click()
    assert "switched off" in page.locator(".ax-detail .ax-title").text_content()
    fill(page, "for x in")  # what is off stays off
    check_against_torch(page, model)
    change(page, lambda: page.get_by_role("button", name="All on").click())
    assert switches_of(page).all()
    assert page.locator(".ax-changes").text_content() == ""
    check_against_torch(page, model)


def test_each_head_in_turn_is_switched_off_to_see_what_it_moves(explorer, model):
    page = explorer()
    change(page, lambda: page.get_by_role("button", name="Switch each off in turn").click())
    ways = 1 - torch.eye(LAYERS * HEADS).view(-1, LAYERS, HEADS)
    ways = torch.cat([torch.ones(1, LAYERS, HEADS), ways])
    with torch.no_grad():
        moved = GPTExplained(model)(CODE_CHARACTERS.encode(START)[None], ways, *dials_of(page))["moved"][1:]

    def shown():
        return [value(effect) for effect in page.locator(".ax-effect").all()]

    assert shown() == pytest.approx(moved[:, -1].tolist(), abs=1e-5)
    best = moved[:, -1].argmax().item()
    assert page.locator(".ax-changes").text_content().endswith(f"by layer {best // 4 + 1}, head {best % 4 + 1}.")
    page.locator(".lm-char").nth(12).click()
    assert shown() == pytest.approx(moved[:, 12].tolist(), abs=1e-5)  # for every character of the text
    check_against_torch(page, model)
    page.mouse.move(2, 2)
    fill(page, START + "s")
    assert {effect.text_content() for effect in page.locator(".ax-effect").all()} == {"on"}  # measured on another text


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), [(0.6, 97, 1), (1.5, 5, 1), (1, 97, 0.4), (0, 97, 1), (2, 30, 0.9)]
)
def test_temperature_top_k_and_top_p_give_torchs_chances(explorer, model, temperature, top_k, top_p):
    page = explorer()
    for name, setting in {"temperature": temperature, "top-k": top_k, "top-p": top_p}.items():
        dial = page.get_by_role("slider", name=name)
        if float(dial.input_value()) != setting:
            change(page, lambda dial=dial, setting=setting: dial.fill(str(setting)))
    want = check_against_torch(page, model)
    row = want["chances"][1, -1]
    cut = [bar.locator(".ax-percent").text_content() == "cut" for bar in page.locator(".ax-next:visible").all()]
    assert sum(not c for c in cut) == min(8, int((row > 0).sum()))
    if temperature == 0:
        assert page.locator(".ax-percent").first.text_content() == "100%"


def test_dials_are_turned_by_arrow_keys(explorer, model):
    page = explorer()
    dial = page.get_by_role("slider", name="temperature")
    dial.focus()
    change(page, lambda: page.keyboard.press("ArrowLeft"))
    assert dial.get_attribute("aria-valuetext") == "0.95"
    check_against_torch(page, model)
    page.get_by_role("slider", name="top-k").focus()
    change(page, lambda: page.keyboard.press("Home"))
    check_against_torch(page, model)
    assert page.locator(".ax-percent").first.text_content() == "100%"


def test_it_writes_as_torch_would_with_the_same_luck(explorer, model):
    page = explorer()
    luck = torch.rand(11, generator=torch.Generator().manual_seed(5)).tolist()
    fix_chance(page, list(luck))
    change(page, lambda: page.get_by_role("button", name="Write one character").click())
    dials = dials_of(page)
    assert text_of(page) == written_by_torch(model, START, luck[:1], dials)
    page.get_by_role("button", name="Write ten").click()
    page.wait_for_function("n => document.querySelectorAll('.lm-line .lm-char').length === n", arg=len(START) + 11)
    assert text_of(page) == written_by_torch(model, START, luck, dials)
    assert page.locator("textarea").input_value() == text_of(page)
    assert page.locator(".ax-written").count() == 11
    assert page.get_by_role("button", name="Write ten").is_visible()  # it no longer says Stop
    check_against_torch(page, model)
    change(page, lambda: page.get_by_role("button", name="Take back").click())
    assert text_of(page) == START
    assert page.get_by_role("button", name="Take back").is_disabled()


def test_it_writes_with_dials_turned_and_heads_off_and_stops_when_asked(explorer, model):
    page = explorer()
    change(page, lambda: page.get_by_role("slider", name="temperature").fill("0"))
    change(page, lambda: page.locator(".ax-switch input").nth(15).uncheck())
    want = by_torch(page, model)
    best = CODE_CHARACTERS.symbols[want["logits"][-1].argmax().item()]
    label = page.evaluate(
        """() => new Promise((resolve) => {
          const el = document.querySelector('[data-drawn]');
          const button = [...el.querySelectorAll('button')].find((one) => one.textContent === 'Write ten');
          const seen = new MutationObserver(() => { // the first character is there, the second is asked for
            seen.disconnect();
            resolve(button.textContent);
            button.click();
          });
          seen.observe(el, { attributeFilter: ['data-drawn'] });
          button.click();
        })"""
    )
    assert label == "Stop"
    idle(page)
    written = text_of(page)
    assert written.startswith(START + best)
    assert len(written) < len(START) + 10
    idle(page)
    assert text_of(page) == written
    page.get_by_role("button", name="Write ten").click()
    change(page, lambda: page.locator("textarea").fill("own"))  # who types has the word
    assert text_of(page) == "own"
    idle(page)
    assert text_of(page) == "own"
    assert page.get_by_role("button", name="Write ten").is_visible()


def test_a_press_on_what_is_expected_types_it(explorer, model):
    page = explorer()
    page.locator(".lm-char").nth(7).click()
    page.mouse.move(2, 2)
    row = by_torch(page, model)["probabilities"][1, 7]
    change(page, lambda: page.locator(".ax-next").first.click())
    symbol = CODE_CHARACTERS.symbols[row.argmax().item()]
    assert text_of(page) == START[:8] + symbol + START[8:]
    assert place(page)[2] == 8


def test_a_model_that_cannot_be_fetched_says_so_and_writing_stops(explorer):
    page = explorer(fresh=True)
    page.route("**/gpt.bin", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Write ten").click()
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "the model could not be fetched" in page.locator(".live-message").text_content()
    assert page.get_by_role("button", name="Write ten").is_visible()
    page.errors.clear()
    fill(page, "again")
    assert text_of(page) == "again"
