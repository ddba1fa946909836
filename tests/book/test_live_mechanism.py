"""Live widgets in a page without a kernel: what the static host promises to every view."""

import json
import re
from pathlib import Path

import ipywidgets
import pytest
import torch
import vendor
from probe import Probe
from torch import nn

from largemodels.live import live

ROOT = Path(__file__).resolve().parents[2]
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}


class Affine(nn.Module):
    def forward(self, x, y):
        return {"sum": 3 * x + y, "product": x * y}


class Weighed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([2.0, 3.0, 5.0]))

    def forward(self, x):
        return self.weight * x


@pytest.fixture(scope="module")
def affine():
    return live(Probe(), Affine(), {"x": torch.tensor([2.0]), "y": torch.tensor([5.0])})


@pytest.fixture(scope="module")
def weighed():
    return live(Probe(), Weighed(), {"x": torch.tensor([1.0])})


@pytest.fixture
def beside(affine, static):
    """A probe whose model lies beside the page, as tools/vendor.py packs it."""
    models = static / "_static/vendor/models"
    models.mkdir(exist_ok=True)
    (models / "affine.onnx").write_bytes(affine.onnx)
    packed = {"name": "affine", "packed": vendor._packed(models / "affine.onnx")}
    (models / "affine.js").write_text(vendor.MODEL % packed, encoding="utf-8")
    return Probe(inputs=affine.inputs, outputs=affine.outputs, beside="affine")


def probe(page, number=0):
    return page.locator("[data-state]").nth(number)


def wait_for(page, text, number=0):
    page.wait_for_function(
        "([i, text]) => document.querySelectorAll('.probe-text')[i]?.textContent === text", arg=[number, text]
    )
    assert probe(page, number).get_attribute("data-state") == "ready"


def message(page):
    return page.locator(".live-message").first.text_content()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_outputs_are_there_at_once_and_new_ones_after_a_change(widget_page, affine, scheme):
    page = widget_page(affine, scheme=scheme)
    wait_for(page, "sum 11; product 10")
    assert probe(page).get_attribute("data-drawn") == "1"
    page.get_by_label("x").fill("-4")
    wait_for(page, "sum -7; product -20")
    page.get_by_label("y").fill("0.5")
    wait_for(page, "sum -11.5; product -2")


def test_a_page_asks_for_the_runtime_once_and_late(widget_page, affine, weighed):
    page = widget_page(affine, weighed)
    wait_for(page, "sum 11; product 10")
    assert not any("onnxruntime" in url for url in page.asked)
    page.get_by_label("y").fill("1")
    page.get_by_label("x").nth(1).fill("7")
    wait_for(page, "sum 7; product 2")
    wait_for(page, "output 14 21 35", 1)
    assert sum("onnxruntime" in url for url in page.asked) == 1


def test_widgets_do_not_disturb_each_other(widget_page, affine, weighed):
    page = widget_page(affine, weighed, affine)
    page.get_by_label("x").nth(1).fill("10")
    wait_for(page, "output 20 30 50", 1)
    wait_for(page, "sum 11; product 10", 0)
    page.get_by_label("x").nth(0).fill("3")
    for view in (0, 2):  # two views of one widget show the same
        wait_for(page, "sum 14; product 15", view)
    assert page.evaluate("probes.length") == 2  # initialised once a model, not once a view


def test_the_same_model_in_two_widgets_is_loaded_once(widget_page, weighed):
    twin = Probe(inputs=weighed.inputs, outputs=weighed.outputs, onnx=weighed.onnx)
    page = widget_page(weighed, twin)
    page.evaluate(
        """async () => {
          globalThis.opened = 0;
          let load;
          Object.defineProperty(globalThis, "loadOnnxRuntime", {
            set: (value) => (load = value),
            get: () => async () => {
              const ort = await load();
              const create = ort.InferenceSession.create;
              ort.InferenceSession.create = (...args) => (opened++, create.apply(ort.InferenceSession, args));
              return ort;
            },
          });
        }"""
    )
    page.get_by_label("x").nth(0).fill("2")
    page.get_by_label("x").nth(1).fill("4")
    wait_for(page, "output 4 6 10", 0)
    wait_for(page, "output 8 12 20", 1)
    assert page.evaluate("opened") == 1


def test_the_newest_input_wins(widget_page, affine):
    page = widget_page(affine)
    page.get_by_label("x").fill("1")
    wait_for(page, "sum 8; product 5")
    before = int(probe(page).get_attribute("data-drawn"))
    page.evaluate(
        """() => {
          const field = document.querySelector('[aria-label=x]');
          for (let i = 0; i <= 50; i++) {
            field.value = i;
            field.dispatchEvent(new Event('input', { bubbles: true }));
          }
        }"""
    )
    wait_for(page, "sum 155; product 250")
    assert int(probe(page).get_attribute("data-drawn")) - before <= 3  # the ones between were never computed


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_model_beside_the_page_is_fetched_once_and_late(widget_page, beside, scheme):
    twin = Probe(inputs=beside.inputs, outputs=beside.outputs, beside="affine")
    page = widget_page(beside, twin, scheme=scheme)
    wait_for(page, "sum 11; product 10")
    assert not any("models/" in url for url in page.asked)
    page.get_by_label("x").nth(0).fill("-4")
    page.get_by_label("y").nth(1).fill("1")
    wait_for(page, "sum -7; product -20")
    wait_for(page, "sum 7; product 2", 1)
    assert sum("models/affine.js" in url for url in page.asked) == 1


def test_a_model_beside_the_page_that_cannot_be_fetched_says_so_and_is_tried_again(widget_page, beside):
    page = widget_page(beside)
    page.route("**/affine.js", lambda route: route.abort(), times=1)
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "the model could not be fetched" in message(page)
    assert [re.search("Failed to load resource", text) is not None for text in page.errors] == [True]
    page.errors.clear()
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 8; product 4")
    assert message(page) == ""


def test_text_is_never_html(widget_page, affine):
    page = widget_page(
        live(
            Probe({"title": "<img src=x onerror=alert(1)> </script><b>bold</b>"}),
            Affine(),
            {"x": torch.ones(1), "y": torch.ones(1)},
        )
    )
    assert page.locator("h2").text_content() == "<img src=x onerror=alert(1)> </script><b>bold</b>"
    assert page.locator("main img, main b").count() == 0


def test_a_broken_model_says_so_and_the_page_lives_on(widget_page, affine, weighed):
    broken = Probe(inputs=affine.inputs, outputs=affine.outputs, onnx=b"no model at all")
    page = widget_page(broken, weighed)
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert re.match(r"This could not be computed: .+ What you see is the last result\.", message(page))
    assert page.locator(".live-message").first.get_attribute("role") == "status"
    page.get_by_label("x").nth(1).fill("7")
    wait_for(page, "output 14 21 35", 1)


def test_a_runtime_that_cannot_be_fetched_says_so_and_is_tried_again(widget_page, affine):
    page = widget_page(affine)
    page.route("**/onnxruntime.js", lambda route: route.abort(), times=1)
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "the runtime for models could not be fetched" in message(page)
    assert [re.search("Failed to load resource", text) is not None for text in page.errors] == [True]
    page.errors.clear()
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 8; product 4")
    assert message(page) == ""


def test_a_book_built_without_npm_runs_models_from_the_pinned_address(widget_page, affine):
    page = widget_page(affine)
    version = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]["onnxruntime-web"]
    home = f"{vendor.CDN}/onnxruntime-web@{version}/dist"
    stub = vendor.RUNTIME_FROM_CDN % {"folder": home}
    page.route("**/onnxruntime.js", lambda route: route.fulfill(body=stub, content_type="text/javascript"))

    def answer(route):  # as the CDN would
        path = ROOT / "node_modules/onnxruntime-web/dist" / route.request.url.removeprefix(f"{home}/")
        route.fulfill(path=path, headers={"Access-Control-Allow-Origin": "*", "Content-Type": TYPES[path.suffix]})

    page.route(f"{home}/**", answer)
    page.get_by_label("y").fill("1")
    wait_for(page, "sum 7; product 2")


def test_a_model_that_was_not_exported_says_so(widget_page, affine):
    page = widget_page(Probe(inputs=affine.inputs, outputs=affine.outputs))
    wait_for(page, "sum 11; product 10")
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "only in a running notebook" in message(page)


def test_an_input_that_is_no_number_or_of_another_shape_is_refused(widget_page, affine):
    page = widget_page(affine)
    for shape, values in (([1], "NaN"), ([2], "1, 2")):
        page.evaluate(
            """([shape, values]) => {
              const data = new DataView(new Float32Array(values.split(",").map(Number)).buffer);
              probes[0].set("inputs", { ...probes[0].get("inputs"), x: { shape, data } });
              probes[0].save_changes();
            }""",
            [shape, values],
        )
        page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
        assert "x" in message(page)
        page.get_by_label("x").fill("2")
        page.get_by_label("y").fill("7" if values == "NaN" else "5")
        wait_for(page, "sum 13; product 14" if values == "NaN" else "sum 11; product 10")


def test_a_view_that_cannot_start_says_so_and_the_others_do(widget_page, affine):
    broken = Probe()
    broken._esm = "export default { render() { throw new Error('no pen') } }"
    page = widget_page(affine, broken)
    wait_for(page, "sum 11; product 10")
    assert probe(page, 1).get_attribute("data-state") == "failed"
    assert page.locator(".live-message").nth(1).text_content() == "This widget could not start: no pen."


def test_other_widgets_are_left_alone(widget_page, write_page, static, serve, open_page, affine):
    path = write_page(ipywidgets.IntProgress(value=3), affine)
    page = open_page(f"{serve(static)}/{path.relative_to(static).as_posix()}")
    wait_for(page, "sum 11; product 10")
    assert page.locator("[data-state]").count() == 1


def test_the_front_end_module_contract_is_kept(widget_page, affine):
    module = """
      const log = (globalThis.log = []);
      export default async () => ({
        async initialize({ model }) { log.push("initialize"); return () => log.push("forget"); },
        render({ model, el }) {
          log.push("render");
          const hear = (m, value) => log.push(["title", value.title, m === model]);
          model.on("change:settings", hear);
          model.on("change", () => log.push("change"));
          model.set("settings", { title: "one" });
          model.set("settings", model.get("settings"));
          model.off("change:settings", hear);
          model.set("settings", { title: "two" });
          model.save_changes();
          model.send({ hello: 1 });
          model.off();
          model.set("settings", { title: "three" });
          return () => log.push("clean up");
        },
      });
    """
    view = Probe()
    view._esm = module
    page = widget_page(view)
    assert page.evaluate("log") == ["initialize", "render", ["title", "one", True], "change", "change"]
    page.evaluate("addEventListener('pagehide', () => localStorage.setItem('log', JSON.stringify(log)))")
    page.reload()
    assert json.loads(page.evaluate("localStorage.getItem('log')"))[-2:] == ["forget", "clean up"]


def test_a_view_out_of_the_document_is_drawn_when_it_comes_back(widget_page, affine):
    page = widget_page(affine)
    page.evaluate(
        """() => {
          globalThis.el = document.querySelector('[data-state]');
          globalThis.place = el.parentNode;
          el.remove();
          probes[0].set('outputs', { sum: probes[0].get('outputs').product });
        }"""
    )
    assert page.evaluate("[el.dataset.drawn, el.querySelector('.probe-text').textContent]") == [
        "1",
        "sum 11; product 10",
    ]
    page.evaluate("place.append(el)")
    wait_for(page, "sum 10")
    assert probe(page).get_attribute("data-drawn") == "2"


def test_a_view_out_of_the_document_for_less_than_a_frame_is_drawn_as_well(widget_page, affine):
    page = widget_page(affine)
    page.evaluate(
        """() => {
          const el = document.querySelector('[data-state]');
          const place = el.parentNode;
          el.remove();
          probes[0].set('outputs', { sum: probes[0].get('outputs').product });
          place.append(el);
        }"""
    )
    wait_for(page, "sum 10")
    assert probe(page).get_attribute("data-drawn") == "2"


def test_a_view_that_misses_a_change_of_theme_is_drawn_in_the_new_colours(widget_page, affine):
    page = widget_page(affine)
    paper = "document.querySelector('.probe-text').style.background"
    light = page.evaluate(paper)
    page.evaluate(
        """() => {
          globalThis.el = document.querySelector('[data-state]');
          globalThis.place = el.parentNode;
          el.remove();
          document.documentElement.dataset.theme = 'dark';
          return new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
        }"""
    )
    page.evaluate("place.append(el)")
    page.wait_for_function(f"{paper} !== '{light}'")


@pytest.mark.parametrize("theme", ["data-theme on html", "data-jp-theme-light on body", "the system's"])
def test_views_follow_the_theme_of_the_page(widget_page, affine, theme):
    page = widget_page(affine, dark=theme == "the system's")
    if "html" in theme:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    elif "body" in theme:
        page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_function("document.querySelector('[data-state]').classList.contains('lm-dark')")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_function("!document.querySelector('[data-state]').classList.contains('lm-dark')")


def test_styles_are_added_once_and_stay_inside_the_views(widget_page, affine, weighed):
    page = widget_page(affine, weighed)
    wait_for(page, "output 2 3 5", 1)
    texts = page.evaluate("[...document.head.querySelectorAll('style')].map(s => s.textContent)")
    ours = [text for text in texts if ".lm" in text]
    assert len(ours) == 1
    rules = page.evaluate(
        """() => {
          const inside = (rules) => [...rules].flatMap(r => r.cssRules?.length ? inside(r.cssRules) : [r.selectorText]);
          const sheet = [...document.styleSheets].find(s => s.ownerNode.textContent.includes('.lm-'));
          return inside(sheet.cssRules);
        }"""
    )
    assert all(part.strip().startswith(".lm") for rule in rules for part in rule.split(","))
