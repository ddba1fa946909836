"""The attribution explorer in a page without a kernel: its maps are autograd's and captum's, for what is drawn."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from captum.attr import InputXGradient, IntegratedGradients, Occlusion, Saliency
from driving import SEVEN, darken, draw_by_mouse, drawing, drawn, settle

from largemodels import interpret
from largemodels.data import digits
from largemodels.interpret import AttributionMaps
from largemodels.live import AttributionExplorer, live
from largemodels.models import ConvNet
from largemodels.train import load_weights

ROOT = Path(__file__).resolve().parents[2]
TITLES = ("Gradient", "Gradient × input", "Integrated gradients", "Occlusion", "Grad-CAM")


@pytest.fixture(scope="module")
def model():
    """The network that the book keeps for drawings."""
    model = ConvNet()
    load_weights(ROOT / "assets/checkpoints/convnet.safetensors", model)
    return model.eval()


@pytest.fixture(scope="module")
def view(model):
    test = digits(20).test
    picks = [(test.labels == label).nonzero()[0].item() for label in range(10)]
    images = F.pad(test.images[picks], (4,) * 4)
    start = {"image": images[4:5], "towards": torch.tensor([-1.0])}
    return live(AttributionExplorer(images, digits().names, test.labels[picks]), AttributionMaps(model), start)


@pytest.fixture
def explorer(widget_page, view):
    """Open the explorer on a page of its own: ``explorer(**of open_page)``."""
    return lambda **options: widget_page(view, **options)


def shown(page) -> dict[str, torch.Tensor]:
    """Return the maps of the page by title."""
    values = "Array.from(one.querySelector('.ap-picture').values)"
    script = f"all => all.map(one => [one.querySelector('strong').textContent, {values}])"
    found = page.locator(".ap-map").evaluate_all(script)
    return {title: torch.tensor(values, dtype=torch.float32).view(28, 28) for title, values in found}


def check_against_torch(page, model, towards=None):
    """Compare every map, and what the page says it is of, with autograd and with captum."""
    image, found = drawing(page), shown(page)
    with torch.no_grad():
        of = model(image).argmax(1) if towards is None else torch.tensor([towards])
    tracked = image.clone().requires_grad_()
    ours = {
        "Gradient": interpret.gradient(model, image, of),
        "Gradient × input": interpret.gradient_times_input(model, image, of),
        "Integrated gradients": interpret.integrated_gradients(model, image, of, 16),
        "Occlusion": interpret.occlusion(model, image, of, 4, 4),
        "Grad-CAM": interpret.grad_cam(model, "stages.1.relu", image, of),
    }
    captums = {
        "Gradient": Saliency(model).attribute(tracked, target=of, abs=False),
        "Gradient × input": InputXGradient(model).attribute(tracked, target=of),
        "Integrated gradients": IntegratedGradients(model).attribute(
            image, target=of, n_steps=16, method="riemann_middle"
        ),
        "Occlusion": Occlusion(model).attribute(image, (1, 4, 4), (1, 4, 4), target=of),
    }
    assert tuple(found) == TITLES
    for wanted in (ours, captums):
        for title, each in wanted.items():
            torch.testing.assert_close(found[title], each[0, 0].detach().float(), atol=1e-5, rtol=1e-5)
    assert page.locator(".ap-about").text_content().startswith(f"What speaks for {of.item()} ")
    label = page.locator(".ap-picture").nth(2).get_attribute("aria-label")
    values = found["Integrated gradients"]
    if values.abs().max() > 0:
        row, column = divmod(values.argmax().item(), 28)
        assert label.startswith(f"Integrated gradients for {of.item()}: most in favour")
        assert f"at row {row + 1}, column {column + 1}" in label
    else:
        assert label.endswith("nothing is marked")
    return of.item()


def test_at_rest_the_page_shows_the_notebooks_maps_and_fetches_nothing(explorer, model):
    page = explorer(fresh=True)
    assert check_against_torch(page, model) == 4
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_digit_drawn_by_mouse_is_explained_as_torch_and_captum_explain_it(explorer, model, scheme):
    page = explorer(scheme=scheme)
    draw_by_mouse(page, SEVEN)
    assert 0.05 < drawing(page).mean() < 0.5
    assert check_against_torch(page, model) == 7
    before = drawn(page)
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("document.querySelector('.dr-board').values.every(v => v === 0)")
    settle(page, before)
    check_against_torch(page, model)


def test_a_class_is_chosen_by_keyboard_and_given_back(explorer, model):
    page = explorer()
    back = page.get_by_role("button", name="Explain the answer")
    assert back.is_disabled()
    page.locator(".dr-class").first.focus()
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    before = drawn(page)
    page.keyboard.press("Enter")
    settle(page, before)
    assert check_against_torch(page, model, 9) == 9
    assert page.locator(".dr-class").nth(9).get_attribute("aria-pressed") == "true"
    page.wait_for_function(
        "[...document.querySelectorAll('.lm-hidden')].some(p => p.textContent.endsWith('Maps for 9'))"
    )
    before = drawn(page)
    back.click()
    settle(page, before)
    assert check_against_torch(page, model) == 4
    assert page.locator(".dr-class[aria-pressed=true]").count() == 0


def test_a_chosen_class_is_kept_while_the_drawing_changes(explorer, model):
    page = explorer()
    before = drawn(page)
    page.locator(".dr-class").nth(2).click()
    settle(page, before)
    before = drawn(page)
    page.locator(".dr-gallery label").nth(8).click()
    settle(page, before)
    check_against_torch(page, model, 2)


def test_the_page_fits_a_phone(explorer, model):
    page = explorer(width=390, height=844, touch=True)
    before = drawn(page)
    page.locator(".dr-gallery label").nth(3).tap()
    settle(page, before)
    check_against_torch(page, model)
    assert page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".ap-picture").first.bounding_box()["width"] > 120


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(explorer, axe, options):
    page = explorer(**options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    draw_by_mouse(page, SEVEN)
    assert axe(page) == []
