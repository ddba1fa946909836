"""The attention explorer in a page without a kernel: every number it draws, works out and writes by is torch's."""

import json
from pathlib import Path

import pytest
import torch
import vendor
from driving import darken, drawn, idle, settle
from torch import nn

from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.interpret import capture
from largemodels.live import AttentionExplorer, GPTExplained, live
from largemodels.live.attention_explorer import chances
from largemodels.models import GPT, GPTConfig
from largemodels.train import load_weights

CHECKPOINTS = Path(__file__).resolve().parents[2] / "assets/checkpoints"
START = "def read(path):\n    return open(path"
EXAMPLES = {"brackets": "f(x, (y))", "two lines": "if a:\n    b"}
LAYERS, HEADS, WIDTH, CONTEXT = 4, 4, 128, 64
SYMBOLS = len(CODE_CHARACTERS)


@pytest.fixture(scope="module")
def model():
    """A GPT of the book's size whose heads look at some characters more than at others, as trained ones do."""
    torch.manual_seed(0)
    model = GPT(GPTConfig(SYMBOLS, CONTEXT, LAYERS, HEADS, WIDTH))
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.25 if name == "embedding.weight" else 0.07)
    return model.half().float().eval()


@pytest.fixture(scope="module")
def view(model, static):
    """An explorer whose model lies beside the page."""
    start = {"ids": CODE_CHARACTERS.encode(START)[None]}
    models = static / "_static/vendor/models"
    models.mkdir(exist_ok=True)
    (models / "gpt.onnx").write_bytes(live(AttentionExplorer(CODE_CHARACTERS), GPTExplained(model), start).onnx)
    assert (models / "gpt.onnx").stat().st_size < 4_000_000
    packed = {"name": "gpt", "packed": vendor._packed(models / "gpt.onnx")}
    (models / "gpt.js").write_text(vendor.MODEL % packed, encoding="utf-8")
    return live(AttentionExplorer(CODE_CHARACTERS, EXAMPLES, beside="gpt"), GPTExplained(model), start)


@pytest.fixture
def explorer(widget_page, view):
    """Open the explorer on a page of its own: ``explorer(**of open_page)``."""
    return lambda **options: widget_page(view, **options)


# ---- what the page holds, and what torch makes of it --------------------------------------------


def text_of(page, number=0):
    """The characters that the page says the model has read."""
    return page.evaluate(
        "n => document.querySelectorAll('.lm-line')[n].cells.map(cell => cell.character).join('')",
        number,
    )


def switches_of(page):
    return torch.tensor([float(box.is_checked()) for box in page.locator(".ax-switch input").all()]).view(LAYERS, HEADS)


def dials_of(page):
    values = [float(page.get_by_role("slider", name=name).input_value()) for name in ("temperature", "top-k", "top-p")]
    return torch.tensor(values[:1]), torch.tensor([int(values[1])]), torch.tensor(values[2:])


def by_torch(page, model):
    """What the model computes of the text on the page, with all heads on and as they are switched."""
    heads = torch.stack([torch.ones(LAYERS, HEADS), switches_of(page)])
    with torch.no_grad():
        return GPTExplained(model)(CODE_CHARACTERS.encode(text_of(page))[None], heads, *dials_of(page))


def numbers(page, script, argument=None):
    return torch.tensor(page.evaluate(f"a => Array.from({script})", argument), dtype=torch.float64)


def value(locator, name="value"):
    return float(locator.get_attribute(f"data-{name}"))


def place(page):
    """The chosen layer and head, and the row and column of the cursor."""
    chosen = page.locator(".ax-pick input").evaluate_all("all => all.findIndex(radio => radio.checked)")
    now = int(page.get_by_role("slider", name="Weights").get_attribute("aria-valuenow"))
    row, column = divmod(now, len(text_of(page)))
    return *divmod(chosen, HEADS), row, column


def check_against_torch(page, model):
    """Compare all weights, all that is expected next, and the weight that is worked out."""
    want = by_torch(page, model)
    weights = numbers(page, "[...document.querySelectorAll('.ax-mini canvas')].flatMap(c => [...c.values])")
    torch.testing.assert_close(weights, want["weights"].flatten().double(), atol=1e-5, rtol=0)
    check_expected(page, want)
    check_working(page, want)
    return want


def check_expected(page, want):
    row = place(page)[2]
    compare = not switches_of(page).all()
    seen = set()
    for bar in page.locator(".ax-next:visible").all():
        glyph = bar.locator(".ax-symbol").text_content()
        symbol = CODE_CHARACTERS.symbols.index({"␣": " ", "⏎": "\n"}.get(glyph, glyph))
        seen.add(symbol)
        assert value(bar.locator(".ax-now")) == pytest.approx(want["chances"][1, row, symbol].item(), abs=1e-5)
        assert value(bar.locator(".ax-plain")) == pytest.approx(want["probabilities"][1, row, symbol].item(), abs=1e-5)
        assert bar.locator(".ax-before").is_visible() == compare
        if compare:
            before = want["chances"][0, row, symbol].item()
            assert value(bar.locator(".ax-before")) == pytest.approx(before, abs=1e-5)
    assert want["chances"][1, row].argmax().item() in seen


def check_working(page, want):
    """Compare the numbers that are written out for the cell of the cursor."""
    layer, head, row, column = place(page)
    query, key, values = (want[name][layer, head].double() for name in ("query", "key", "value"))
    weights = want["weights"][layer, head, row].double()
    products = query[row] * key[column]
    shown = [value(number) for number in page.locator(".ax-number").all()]  # q · k, score, exp, sum, weight
    scores = (key @ query[row] / (WIDTH / HEADS) ** 0.5)[: row + 1]
    total = scores.exp().sum().item()
    torch.testing.assert_close(
        numbers(page, "document.querySelector('.ax-products').values"), products, atol=1e-4, rtol=1e-4
    )
    assert shown[0] == pytest.approx(products.sum().item(), abs=1e-4)
    assert shown[1] == pytest.approx(shown[0] / 32**0.5, abs=1e-6)
    assert shown[3] == pytest.approx(total, rel=1e-3)
    if column > row:
        assert page.locator(".ax-gate").text_content() == "later: hidden, so −∞"
        assert (shown[2], shown[4]) == (0, 0)
    else:
        assert page.locator(".ax-gate").text_content() == "not later: may be seen"
        assert shown[2] / shown[3] == pytest.approx(shown[4], abs=1e-5)
        assert shown[4] == pytest.approx(weights[column].item(), abs=1e-5)
    mixed = weights @ values
    answer = numbers(page, "document.querySelector('.ax-answer').values")
    torch.testing.assert_close(answer, mixed, atol=1e-5, rtol=1e-5)
    *portions, whole = [value(row.locator("> span").nth(1)) for row in page.locator(".ax-taken:visible").all()]
    assert sum(portions) == pytest.approx(whole, abs=1e-5)
    assert min(abs(answer - whole)) < 1e-6


# ---- driving it ---------------------------------------------------------------------------------


def change(page, act):
    before = drawn(page)
    act()
    settle(page, before)


def fill(page, text):
    change(page, lambda: page.locator("textarea").fill(text))


def cell_point(page, row, column):
    box, count = page.locator(".ax-map").bounding_box(), len(text_of(page))
    return {"x": (column + 0.5) / count * box["width"], "y": (row + 0.5) / count * box["height"]}


def choose_cell(page, row, column):
    page.locator(".ax-map").click(position=cell_point(page, row, column))
    assert place(page)[2:] == (row, column)


def fix_chance(page, numbers):
    """Let Math.random return these numbers, one after the other."""
    page.evaluate("numbers => { Math.random = () => numbers.shift(); }", numbers)


def written_by_torch(model, text, numbers, dials):
    """Write one character for each of the numbers: the first whose cumulated chance exceeds it."""
    text = list(text)
    for number in numbers:
        tokens = CODE_CHARACTERS.encode("".join(text)[-CONTEXT:])[None]
        with torch.no_grad():
            cumulated = chances(model(tokens)[0, -1:], *dials)[0].double().cumsum(0)
        text.append(CODE_CHARACTERS.symbols[int((cumulated <= number * cumulated[-1]).sum())])
    return "".join(text)


# ---- the claims ---------------------------------------------------------------------------------


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(explorer, model):
    page = explorer()
    assert text_of(page) == START
    assert page.locator("textarea").input_value() == START
    assert place(page)[2] == len(START) - 1
    check_against_torch(page, model)
    page.locator(".ax-pick").nth(6).click()
    choose_cell(page, 20, 9)
    page.locator(".lm-char").nth(4).hover()
    check_against_torch(page, model)
    assert not any("onnxruntime" in url or "models/" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_is_typed_is_answered_as_torch_answers(explorer, model, scheme):
    page = explorer(scheme=scheme)
    page.locator("textarea").click()
    page.keyboard.press("Control+End")
    change(page, lambda: page.keyboard.type("):\n"))
    assert text_of(page) == START + "):\n"
    assert place(page)[2] == len(START) + 2
    check_against_torch(page, model)
    fill(page, "x")
    check_against_torch(page, model)
    change(page, lambda: page.get_by_text("two lines").click())
    assert text_of(page) == EXAMPLES["two lines"]
    check_against_torch(page, model)
    assert sum("models/gpt.js" in url for url in page.asked) == 1


def test_every_weight_is_worked_out(explorer, model):
    page = explorer(height=1400)
    want = by_torch(page, model)
    for tile, row, column in [(0, 0, 0), (5, 35, 20), (10, 17, 17), (15, 30, 2), (3, 12, 25)]:
        page.locator(".ax-pick").nth(tile).click()
        choose_cell(page, row, column)
        check_working(page, want)
    assert place(page)[3] > place(page)[2]  # the last one was later, and hidden


def test_entries_of_the_products_and_of_the_answer_are_walked_through_by_keyboard(explorer, model):
    page = explorer()
    want = by_torch(page, model)
    layer, head, row, column = place(page)
    query, key, values = (want[name][layer, head] for name in ("query", "key", "value"))
    page.get_by_role("slider", name="The products").focus()
    page.keyboard.press("Home")
    for entry in range(3):
        q, k = query[row, entry].item(), key[column, entry].item()
        words = page.get_by_role("slider", name="The products").get_attribute("aria-valuetext").replace("−", "-")
        assert words.startswith(f"entry {entry + 1}: ")
        shown = [float(text) for text in words.split(": ")[1].replace(" × ", " ").replace(" = ", " ").split()]
        assert shown == pytest.approx([q, k, q * k], abs=0.006)
        page.keyboard.press("ArrowRight")
    page.get_by_role("slider", name="The head's answer").focus()
    page.keyboard.press("End")
    mixed = (want["weights"][layer, head, row] @ values)[-1].item()
    assert value(page.locator(".ax-sum span").nth(1)) == pytest.approx(mixed, abs=1e-5)
    assert "entry 32 of 32" in page.locator(".ax-working").text_content()


def test_the_cursor_goes_by_mouse_and_arrow_keys_and_is_spoken(explorer, model):
    page = explorer(height=1400)
    weights = by_torch(page, model)["weights"][0, 0]
    choose_cell(page, 25, 13)
    for key, there in {
        "ArrowLeft": (25, 12),
        "ArrowUp": (24, 12),
        "Shift+ArrowUp": (14, 12),
        "ArrowDown": (15, 12),
        "Home": (15, 0),
        "End": (15, 35),
    }.items():
        page.keyboard.press(key)
        assert place(page)[2:] == there, key
    spoken = page.get_by_role("slider", name="Weights").get_attribute("aria-valuetext")
    assert spoken == "end of line (16) cannot look at “h” (36): it comes later"
    choose_cell(page, 15, 12)
    spoken = page.get_by_role("slider", name="Weights").get_attribute("aria-valuetext")
    assert spoken == f"end of line (16) looks at “h” (13): weight {weights[15, 12]:.3f}"
    page.locator(".ax-map").hover(position=cell_point(page, 30, 7))
    assert place(page)[2:] == (30, 7)
    page.mouse.move(2, 2)
    assert place(page)[2:] == (15, 12)  # what was chosen comes back


def test_lines_lead_from_a_character_to_what_it_looks_at(explorer, model):
    page = explorer()
    page.locator(".ax-pick").nth(9).click()
    weights = by_torch(page, model)["weights"][2, 1]
    line = page.get_by_role("slider", name="The text as the model read it")

    def check(row):
        paths = page.locator(".ax-arcs path").evaluate_all(
            "all => all.map(p => [p.dataset.place, p.dataset.value, p.getAttribute('stroke-width')].map(Number))"
        )
        strong = [i for i in range(row) if weights[row, i] >= 0.02]
        assert [path[0] for path in paths] == strong
        assert [path[1] for path in paths] == pytest.approx(weights[row, strong].tolist(), abs=1e-5)
        by_weight = sorted(paths, key=lambda path: path[1])
        assert [path[2] for path in by_weight] == sorted(path[2] for path in paths)  # thickness is weight
        shade = numbers(page, "[...document.querySelectorAll('.lm-line .lm-char')].map(c => Number(c.dataset.value))")
        torch.testing.assert_close(shade, weights[row].double(), atol=1e-5, rtol=0)
        best = weights[row].argmax().item()
        spoken = line.get_attribute("aria-valuetext")
        assert f"({row + 1}) looks at " + ("itself" if best == row else "") in spoken
        assert best == row or f"({best + 1})" in spoken.partition("looks at")[2].partition(",")[0]

    check(35)
    page.locator(".lm-char").nth(11).hover()
    check(11)
    page.mouse.move(2, 2)
    check(35)
    page.locator(".lm-char").nth(24).click()
    page.mouse.move(2, 2)
    check(24)
    for key, row in {"ArrowLeft": 23, "ArrowUp": 7, "ArrowRight": 8, "End": 35, "Home": 0}.items():
        page.keyboard.press(key)
        check(row)


def test_heads_are_chosen_by_mouse_and_arrow_keys(explorer, model):
    page = explorer()
    page.locator(".ax-pick").nth(5).click()
    assert page.locator(".ax-detail .ax-title").text_content() == "Layer 2, head 2"
    for key, there in {"ArrowDown": (2, 1), "ArrowRight": (2, 2), "ArrowUp": (1, 2), "ArrowLeft": (1, 1)}.items():
        page.keyboard.press(key)
        assert place(page)[:2] == there, key
    large = numbers(page, "document.querySelector('.ax-map canvas').values")
    torch.testing.assert_close(large, by_torch(page, model)["weights"][1, 1].flatten().double(), atol=1e-5, rtol=0)


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


def test_of_a_long_text_the_last_characters_count_and_the_page_says_so(explorer, model):
    page = explorer()
    long = "".join(chr(ord("a") + i % 26) for i in range(100))
    fill(page, long)
    assert text_of(page) == long[-CONTEXT:]
    assert page.locator("textarea").input_value() == long
    assert page.locator(".lm-text").get_by_text("The model reads the last 64 of 100 characters.").is_visible()
    check_against_torch(page, model)
    luck = [0.5] * 10
    fix_chance(page, list(luck))
    page.get_by_role("button", name="Write ten").click()
    page.wait_for_function("document.querySelector('textarea').value.length === 110")
    page.wait_for_function("document.querySelectorAll('.ax-written').length === 10")
    assert text_of(page) == written_by_torch(model, long, luck, dials_of(page))[-CONTEXT:]
    fill(page, long[:CONTEXT])
    assert page.get_by_text("The model reads the last").count() == 0


def test_unknown_characters_are_shown_and_named_and_never_dropped(explorer, model):
    page = explorer()
    strange = "a\té中🎉e\u0301\u200d<b>x"
    fill(page, strange)
    assert text_of(page) == strange
    cells = page.locator(".lm-line .lm-char")
    assert cells.count() == len(strange)
    unknown = [i for i in range(len(strange)) if "lm-unknown" in cells.nth(i).get_attribute("class")]
    assert unknown == [i for i, c in enumerate(strange) if c in "\té中🎉\u0301\u200d"]
    note = page.locator(".lm-strange")
    assert note.text_content().startswith("The model does not know these characters: ⇥é中🎉")
    assert note.text_content().endswith("It reads \ufffd in their place.")
    assert page.locator(".ax b:text-is('x')").count() == 0  # text, never markup
    check_against_torch(page, model)
    fill(page, "plain")
    assert note.text_content() == ""


def test_without_text_there_is_nothing_to_explain_and_it_comes_back(explorer, model):
    page = explorer()
    page.locator("textarea").fill("")
    assert page.locator(".lm-line").is_hidden()
    assert page.locator(".ax-working").is_hidden()
    assert page.locator("textarea").get_attribute("placeholder").startswith("Type something")
    fill(page, "ok")
    assert text_of(page) == "ok"
    check_against_torch(page, model)
    assert "NaN" not in page.locator(".ax").inner_text()


def test_a_model_that_cannot_be_fetched_says_so_and_writing_stops(explorer):
    page = explorer()
    page.route("**/gpt.js", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Write ten").click()
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "the model could not be fetched" in page.locator(".live-message").text_content()
    assert page.get_by_role("button", name="Write ten").is_visible()
    page.errors.clear()
    fill(page, "again")
    assert text_of(page) == "again"


def test_a_finger_chooses_heads_characters_and_cells_on_a_phone(explorer, model):
    page = explorer(width=390, height=844, touch=True)
    page.locator(".ax-pick").nth(11).tap()
    assert place(page)[:2] == (2, 3)
    page.locator(".lm-char").nth(20).tap()
    assert place(page)[2] == 20
    surface = page.locator(".ax-map")
    surface.scroll_into_view_if_needed()
    surface.tap(position=cell_point(page, 31, 18))
    assert place(page)[2:] == (31, 18)
    change(page, lambda: page.locator(".ax-switch").nth(11).tap())
    check_against_torch(page, model)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    fill(page, "x" * 60 + "\n    y")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = [box.bounding_box() for box in page.locator(".ax-switch, .ax-next:visible, .ax-buttons button").all()]
    assert min(min(box["width"], box["height"]) for box in small) >= 24


def test_a_finger_scrolls_the_page_over_the_map(explorer):
    page = explorer(width=390, height=844, touch=True)
    page.locator(".ax-map").scroll_into_view_if_needed()
    actions = ".ax-map, .ax-row, .lm-line"
    assert set(page.locator(actions).evaluate_all("all => all.map(e => getComputedStyle(e).touchAction)")) == {"pan-y"}


def test_two_on_a_page_do_not_disturb_each_other(widget_page, view, model):
    torch.manual_seed(1)
    other = GPT(GPTConfig(SYMBOLS, 16, 1, 2, 12, "learned")).eval()
    small = live(
        AttentionExplorer(CODE_CHARACTERS, {"<b>one</b>": "one"}, head=(0, 1)),
        GPTExplained(other),
        {"ids": CODE_CHARACTERS.encode("other")[None]},
    )
    page = widget_page(view, small)
    assert page.locator(".ax").nth(1).locator(".ax-detail .ax-title").text_content() == "Layer 1, head 2"
    assert page.locator(".ax").nth(1).get_by_text("<b>one</b>").is_visible()
    change(page, lambda: page.locator("textarea").nth(0).fill("mine"))
    assert (text_of(page, 0), text_of(page, 1)) == ("mine", "other")
    page.locator("textarea").nth(1).fill("yours")
    page.wait_for_function("document.querySelectorAll('[data-drawn]')[1].dataset.drawn === '2'")
    assert (text_of(page, 0), text_of(page, 1)) == ("mine", "yours")


def test_every_text_typed_is_drawn(explorer, model):
    page = explorer()
    page.evaluate(
        """async () => {
          const el = document.querySelector('[data-drawn]');
          const box = el.querySelector('textarea');
          const type = (text) => new Promise((resolve) => {
            const seen = new MutationObserver(() => (seen.disconnect(), resolve()));
            seen.observe(el, { attributeFilter: ['data-drawn'] });
            box.value = text;
            box.dispatchEvent(new Event('input', { bubbles: true }));
          });
          const text = 'x = [i for i in range(10) if i % 2 == 0 and not i in other_things]'.repeat(2);
          for (let i = 0; i < 32; i++) await type(text.slice(i, i + 64));
        }"""
    )
    assert page.locator(".lm-line .lm-char").count() == CONTEXT
    check_against_torch(page, model)


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(explorer, axe, options):
    page = explorer(**options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    fill(page, "é = 1")
    change(page, lambda: page.locator(".ax-switch input").nth(5).uncheck())
    change(page, lambda: page.get_by_role("slider", name="top-k").fill("3"))
    change(page, lambda: page.get_by_role("button", name="Switch each off in turn").click())
    page.locator(".ax-pick").nth(5).click()
    assert axe(page) == []


# ---- the widget of the book ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    """The GPT whose heads the book looks at."""
    config = json.loads((CHECKPOINTS / "gpt.json").read_text(encoding="utf-8"))["model"]
    model = GPT(GPTConfig(**config)).eval()
    load_weights(CHECKPOINTS / "gpt.safetensors", model)
    return model


@pytest.fixture(params=["http", "file"])
def own(request, book, serve, open_page):
    """The page of the notebook on heads."""
    name = "chapters/transformer/heads.html"
    page = open_page(f"{serve(book)}/{name}" if request.param == "http" else (book / name).as_uri(), height=1400)
    page.locator(".ax").wait_for()
    return page


def chance_of(page, symbol):
    """With what chance the page expects a symbol next: all heads on, and as they are switched."""
    bars = page.locator(".ax-next:visible")
    (bar,) = [bar for bar in bars.all() if bar.locator(".ax-symbol").text_content() == symbol]
    return value(bar.locator(".ax-before")), value(bar.locator(".ax-now"))


def test_the_books_own_explorer_answers_with_its_own_model(own, trained):
    check_against_torch(own, trained)
    assert place(own)[:2] == (2, 3)
    assert not any("onnxruntime" in url or "models/" in url for url in own.asked)
    for name in ("two kinds", "a name again"):
        change(own, lambda name=name: own.locator(".ax").get_by_text(name, exact=True).click())
        check_against_torch(own, trained)
    assert text_of(own).endswith("print(tho")


def test_without_the_bracket_head_the_books_model_forgets_the_bracket(own, trained):
    assert text_of(own).endswith("f(seen[name")
    change(own, lambda: own.locator(".ax-switch input").nth(2 * HEADS + 3).uncheck())
    check_against_torch(own, trained)
    before, now = chance_of(own, "]")
    assert before > 0.6
    assert now < 0.2
    change(own, lambda: own.get_by_role("button", name="Switch each off in turn").click())
    assert own.locator(".ax-changes").text_content().endswith("by layer 3, head 4.")
    change(own, lambda: own.get_by_role("button", name="All on").click())
    check_against_torch(own, trained)


def test_the_books_model_writes_as_torch_would_with_the_same_luck(own, trained):
    begin, luck = text_of(own), [0.3, 0.6, 0.9, 0.1, 0.5, 0.2, 0.8, 0.4, 0.7, 0.5]
    fix_chance(own, list(luck))
    own.get_by_role("button", name="Write ten").click()
    own.wait_for_function("n => document.querySelectorAll('.lm-line .lm-char').length === n", arg=len(begin) + 10)
    assert text_of(own) == written_by_torch(trained, begin, luck, dials_of(own))
