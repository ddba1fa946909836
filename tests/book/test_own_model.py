"""A reader's own model takes the place of the book's in a page; what does not fit is refused, and the old one stays."""

import onnx
import pytest
import torch
from driving import drawn, frames, settle
from every_view import TEXT

from largemodels.data import digits
from largemodels.interpret import Watched
from largemodels.live import (
    AttentionExplorer,
    DigitReader,
    FeatureMapExplorer,
    GPTExplained,
    HiddenStateExplorer,
    HiddenStates,
    NextCharacter,
    live,
)
from largemodels.models import GPT, CharRNN, CharRNNConfig, ConvNet, GPTConfig
from largemodels.text import UNKNOWN, Vocabulary

LETTERS = Vocabulary((UNKNOWN, *"abcdefgh =()\n"))  # the reader's own


def own_digits():
    torch.manual_seed(9)
    images = digits().test.images[:2]
    return live(DigitReader(images, digits().names), ConvNet(), {"image": images[:1]})


def own_feature_maps():
    torch.manual_seed(9)
    images = digits().test.images[:2]
    view = FeatureMapExplorer(images, digits().names)
    return live(view, Watched(ConvNet(), "stages.*.conv", "stages.*.relu"), {"image": images[:1]})


def own_next_character():
    torch.manual_seed(9)
    model = GPT(GPTConfig(len(LETTERS), 32, 1, 2, 16)).eval()
    return live(NextCharacter(LETTERS, window=24), model, {"ids": LETTERS.encode("abba = (cab)")[None]})


def own_attention():
    torch.manual_seed(9)
    model = GPT(GPTConfig(len(LETTERS), 32, 2, 2, 16)).eval()
    return live(AttentionExplorer(LETTERS), GPTExplained(model), {"ids": LETTERS.encode("abba = (cab)")[None]})


def own_hidden_states():
    torch.manual_seed(9)
    model = CharRNN(CharRNNConfig(vocabulary=len(LETTERS), features=5, hidden=11))
    return live(HiddenStateExplorer(LETTERS), HiddenStates(model), {"ids": LETTERS.encode("abba = (cab)")[None]})


OWN = {
    "digit_reader": own_digits,
    "feature_maps": own_feature_maps,
    "next_character": own_next_character,
    "attention": own_attention,
    "hidden_states": own_hidden_states,
}
SAID = ".lm [role=status]"


def choose(page, path):
    page.locator("input[type=file]").set_input_files(str(path))


def says(page, words):
    page.wait_for_function(
        "([where, words]) => [...document.querySelectorAll(where)].some((one) => one.textContent.includes(words))",
        arg=[SAID, words],
    )


@pytest.mark.parametrize("view", OWN)
def test_a_readers_model_is_shown_and_the_books_comes_back(widget_page, views, view, tmp_path):
    own = OWN[view]()
    path = own.save_for_page(tmp_path / "mine.onnx")
    page = widget_page(views[view])
    before = page.locator("[data-drawn]").inner_text()
    count = drawn(page)
    choose(page, path)
    says(page, "This is your model, mine.onnx")
    assert drawn(page) > count
    assert page.locator("[data-drawn]").inner_text() != before
    if view not in ("digit_reader", "feature_maps"):
        count = drawn(page)
        page.locator("textarea").fill("dad = cab")
        settle(page, count)
        assert page.locator(".lm-strange").first.text_content() == ""
    page.get_by_role("button", name="Back to the book’s model").focus()
    page.keyboard.press("Enter")
    says(page, "This is the book’s model again.")
    frames(page)
    assert page.locator("textarea").input_value() == TEXT[:40] if view == "next_character" else True


def test_a_page_of_a_notebook_which_stores_what_goes_in_by_the_alphabet_takes_the_file(widget_page, tmp_path):
    view = own_next_character()
    path = view.save_for_page(tmp_path / "mine.onnx")
    by_alphabet = dict(sorted(view.inputs.items()))
    assert list(by_alphabet) != list(view.inputs)
    view.inputs = by_alphabet
    page = widget_page(view)
    choose(page, path)
    says(page, "This is your model, mine.onnx")


def damaged(path, view):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def nonsense(path, view):
    path.write_bytes(b"<!DOCTYPE html><p>no model</p>" * 99)


def empty(path, view):
    path.write_bytes(b"")


def not_a_number(path, view):
    model = onnx.load(path)
    for weight in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype.kind == "f" and values.size > 16:
            name = weight.name
            weight.CopyFrom(onnx.numpy_helper.from_array(values * float("nan"), name))
    onnx.save(model, path)


def of_another_kind(path, view):
    other = own_digits if view != "digit_reader" else own_next_character
    other().save_for_page(path)


def of_another_edition(path, view):
    model = onnx.load(path)
    for entry in model.metadata_props:
        if entry.key == "largemodels.version":
            entry.value = "7"
    onnx.save(model, path)


def unnamed(path, view):
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)


def huge(path, view):
    with path.open("r+b") as file:
        file.truncate(101_000_000)


FAULTS = {
    damaged: "",
    nonsense: "it is not an ONNX model, or it is damaged",
    empty: "it is empty",
    not_a_number: "is not a number",
    of_another_kind: "it is for a ",
    of_another_edition: "it has version 7 of the format, and this page reads version 1",
    unnamed: "it does not say which widget it is for",
    huge: "it has 101 MB, and a page takes at most 100 MB",
}


@pytest.mark.parametrize(
    ("view", "fault"),
    [(view, fault) for view in ("digit_reader", "next_character") for fault in FAULTS]
    + [(view, not_a_number) for view in ("feature_maps", "attention", "hidden_states")],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_a_model_that_does_not_fit_is_refused_with_a_sentence(widget_page, views, view, fault, tmp_path):
    page = widget_page(views[view])
    path = OWN[view]().save_for_page(tmp_path / f"{fault.__name__}.onnx")
    fault(path, view)
    choose(page, path)
    says(page, f"{path.name} is not shown: ")
    says(page, FAULTS[fault])
    says(page, "What you see is the model that was here.")
    assert not page.get_by_role("button", name="Back to the book’s model").is_visible()
    assert page.errors == []


def half_a_number(path):
    """Harm the row of one letter in the table of a model that reads letters: a text without it has an answer."""
    model = onnx.load(path)
    (table,) = (one for one in model.graph.initializer if list(one.dims[:1]) == [len(LETTERS)] and len(one.dims) == 2)
    values = onnx.numpy_helper.to_array(table).copy()
    values[LETTERS.encode("h")[0]] = float("nan")
    table.CopyFrom(onnx.numpy_helper.from_array(values, table.name))
    onnx.save(model, path)


@pytest.mark.parametrize("view", ["hidden_states"])
def test_a_model_that_fails_at_one_letter_says_so_when_it_is_typed_and_lives_on(widget_page, views, view, tmp_path):
    path = OWN[view]().save_for_page(tmp_path / "mine.onnx")
    half_a_number(path)
    page = widget_page(views[view])
    choose(page, path)
    says(page, "This is your model, mine.onnx")
    page.locator("textarea").fill("bah")
    page.locator(".live-message", has_text="is not a number").wait_for()
    assert page.locator("textarea").input_value() == "bah"
    count = drawn(page)
    page.locator("textarea").fill("bad")
    settle(page, count)
    assert page.locator(".live-message").text_content() == ""
    page.get_by_role("button", name="Back to the book’s model").click()
    says(page, "This is the book’s model again.")


@pytest.mark.parametrize("view", ["digit_reader"])
def test_a_file_can_be_dropped_over_file_as_well(widget_page, views, view, tmp_path):
    content = own_digits().save_for_page(tmp_path / "mine.onnx").read_bytes()
    page = widget_page(views[view], scheme="file")
    page.evaluate(
        """bytes => { const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "dropped.onnx"));
          document.querySelector("[data-drawn]").dispatchEvent(
            new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); }""",
        list(content),
    )
    says(page, "This is your model, dropped.onnx")


@pytest.mark.parametrize("view", ["digit_reader"])
def test_images_of_another_size_are_refused(widget_page, views, view, tmp_path):
    small = torch.rand(1, 1, 20, 20)
    other = live(DigitReader(small, digits().names), torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(400, 10)),
                 {"image": small})  # fmt: skip
    page = widget_page(views[view])
    choose(page, other.save_for_page(tmp_path / "small.onnx"))
    says(page, "it takes images of 1 × 1 × 20 × 20, where 1 × 1 × 28 × 28 is expected")
