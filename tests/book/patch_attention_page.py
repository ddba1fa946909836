"""What the tests of the patch attention explorer share: its page, and what torch makes of the drawing on it."""

import pytest
import torch
import torch.nn.functional as F
from driving import drawing, part

from largemodels.data import Batches, digits
from largemodels.interpret import Watched
from largemodels.live import PatchAttentionExplorer, live
from largemodels.models import ViT, ViTConfig

LAYERS, HEADS, SIDE, PATCH = 3, 4, 7, 4
PLACES = 1 + SIDE**2
TAPS = "layers.*.self_attn.weights"


@pytest.fixture(scope="session")
def model():
    """A ViT after some steps on real digits, rounded as the book's: its heads have learned to look somewhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # beside a browser and other tests, one thread is fastest
    torch.manual_seed(0)
    model = ViT(ViTConfig(width=32, heads=HEADS, layers=LAYERS))
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    train = digits().train
    for x, y in Batches(train.images, train.labels, size=48, epochs=3):
        optimiser.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimiser.step()
    for layer in model.layers:  # queries and keys: what a longer training does
        layer.self_attn.in_proj_weight.data[:64] *= 2
    torch.set_num_threads(threads)
    return model.half().float().eval()


@pytest.fixture(scope="session")
def view(model):
    """An explorer with one example of each class, and two that the model gets wrong."""
    test = digits().test
    with torch.no_grad():
        wrong = (model(test.images).argmax(1) != test.labels).nonzero().flatten().tolist()
    picks = [(test.labels == label).nonzero()[0].item() for label in range(10)] + wrong[:2]
    explorer = PatchAttentionExplorer(test.images[picks], digits().names, test.labels[picks])
    return live(explorer, Watched(model, TAPS), {"image": test.images[3:4]})


@pytest.fixture
def explorer(widget_page, view):
    """Open the explorer on a page of its own: ``explorer(**of open_page)``."""
    return lambda **options: widget_page(view, **options)


def by_torch(model, image):
    """Compute the weights ``(layers, heads, n, n)`` and the probabilities for one image."""
    with torch.no_grad():
        answer = Watched(model, TAPS)(image)
    weights = torch.cat([tensor for tap, tensor in answer.items() if tap != "output"])
    return weights, answer["output"][0].softmax(0)


def asks(page, number=0):
    """The place that looks."""
    now = int(page.locator(".px-map").nth(number).get_attribute("aria-valuenow"))
    row, column = divmod(now, SIDE)
    return 1 + (row - 1) * SIDE + column if row else 0


def chosen(page):
    """The layer and the head that are shown large."""
    return divmod(page.locator(".px-sheet input").evaluate_all("all => all.findIndex(radio => radio.checked)"), HEADS)


def check_against_torch(page, model):
    """Compare the weights of all heads, what is said of one, and the probabilities with torch, for what is drawn."""
    weights, probabilities = by_torch(model, drawing(page))
    shown = page.evaluate("[...document.querySelectorAll('.px-sheet canvas')].flatMap(c => [...c.values])")
    shown = torch.tensor(shown).view(LAYERS, HEADS, PLACES)
    place = asks(page)
    torch.testing.assert_close(shown, weights[:, :, place], atol=1e-5, rtol=0)
    bars = [float(row.get_attribute("data-value")) for row in page.locator(".dr-class").all()]
    torch.testing.assert_close(torch.tensor(bars), probabilities, atol=1e-5, rtol=0)
    check_facts(page, weights[(*chosen(page), place)], place)
    return weights


def check_facts(page, row, place):
    layer, head = chosen(page)
    assert page.locator(".px-told strong").text_content() == f"Layer {layer + 1}, head {head + 1}"
    facts = {
        fact.get_attribute("data-fact"): float(fact.get_attribute("data-value"))
        for fact in page.locator(".px-facts > div").all()
    }
    assert facts["most"] == pytest.approx(row.max().item(), abs=1e-5)
    assert facts["class token"] == pytest.approx(row[0].item(), abs=1e-5)
    if place:
        assert facts["itself"] == pytest.approx(row[place].item(), abs=1e-5)
        grid = torch.stack(torch.meshgrid(torch.arange(7.0), torch.arange(7.0), indexing="ij"), -1).view(-1, 2)
        away = (grid - grid[place - 1]).norm(dim=1)
        distance = (row[1:] @ away / row[1:].sum()).item()
        assert facts["distance"] == pytest.approx(distance, abs=1e-4)
        even = page.locator("[data-fact=distance] dd").text_content().split()[-1]
        assert float(even) == pytest.approx(away.mean().item(), abs=0.051)
    else:
        assert set(facts) == {"most", "class token"}


def pixels(page, number=-1):
    """The colours of one map, ``(rows, columns, 4)``: the large one, or one of the small."""
    values = page.evaluate(
        """n => {
          const canvas = document.querySelectorAll(n < 0 ? ".px-map canvas" : ".px-sheet canvas")[Math.max(0, n)];
          const { width, height } = canvas;
          return [width, height, [...canvas.getContext("2d").getImageData(0, 0, width, height).data]];
        }""",
        number,
    )
    width, height, data = values
    return torch.tensor(data).view(height, width, 4)


def patch_point(page, row, column):
    """The middle of a patch on the large map, from its corner; row −1 is the class token's."""
    return part(page.locator(".px-map").first, (column + 0.5) / SIDE, (row + 1.5) / (SIDE + 1))


def place_of(row, column):
    return 1 + row * SIDE + column
