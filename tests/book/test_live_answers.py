"""Live widgets in a page without a kernel: what the static host promises of answers."""

import gzip
import json
import os
import re

import pytest
import vendor
from probe import Probe
from probe_page import ROOT, affine, message, probe, wait_for, weighed  # noqa: F401

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}


@pytest.fixture
def beside(affine, static):
    """A probe whose model lies beside the page, as tools/vendor.py packs it."""
    models = static / "_static/vendor/models"
    models.mkdir(exist_ok=True)
    (models / "affine.onnx").write_bytes(affine.onnx)
    vendor.write_beside(models / "affine.onnx", models / "affine")
    return Probe(inputs=affine.inputs, outputs=affine.outputs, beside="affine")


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
    page = widget_page(affine, weighed, fresh=True)
    wait_for(page, "sum 11; product 10")
    assert not any("onnxruntime" in url for url in page.asked)
    page.get_by_label("y").fill("1")
    page.get_by_label("x").nth(1).fill("7")
    wait_for(page, "sum 7; product 2")
    wait_for(page, "output 14 21 35", 1)
    asked = [url.rpartition("/")[2] for url in page.asked if "onnxruntime" in url]
    assert asked == ["onnxruntime.js", "onnxruntime-wasm.bin"]


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
    page = widget_page(weighed, twin, fresh=True)
    page.evaluate(
        """async () => {
          globalThis.opened = 0;
          let load;
          Object.defineProperty(globalThis, "loadOnnxRuntime", {
            set: (value) => (load = value),
            get: () => async (bring) => {
              const ort = await load(bring);
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
    page = widget_page(beside, twin, scheme=scheme, fresh=True)
    wait_for(page, "sum 11; product 10")
    assert not any("models/" in url for url in page.asked)
    page.get_by_label("x").nth(0).fill("-4")
    page.get_by_label("y").nth(1).fill("1")
    wait_for(page, "sum -7; product -20")
    wait_for(page, "sum 7; product 2", 1)
    assert sum(f"models/affine.{'js' if scheme == 'file' else 'bin'}" in url for url in page.asked) == 1


def test_a_model_that_has_changed_since_the_last_visit_is_fetched_anew(widget_page, affine, beside, static):
    file = static / "_static/vendor/models/affine.bin"
    now = file.read_bytes()
    file.write_bytes(gzip.compress(b"an older model"))
    os.utime(file, (1e9, 1e9))  # what has been so for long, a browser believes for long
    page = widget_page(beside, fresh=True, alone=True)
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    file.write_bytes(now)
    page.goto(page.url)
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 8; product 4")


def test_a_model_beside_the_page_that_cannot_be_fetched_says_so_and_is_tried_again(widget_page, beside):
    page = widget_page(beside, fresh=True)
    page.route("**/affine.bin", lambda route: route.abort(), times=1)
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "the model could not be fetched" in message(page)
    assert [re.search("Failed to load resource", text) is not None for text in page.errors] == [True]
    page.errors.clear()
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 8; product 4")
    assert message(page) == ""


def test_a_broken_model_says_so_and_the_page_lives_on(widget_page, affine, weighed):
    broken = Probe(inputs=affine.inputs, outputs=affine.outputs, onnx=b"no model at all")
    page = widget_page(broken, weighed)
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert re.match(r"This could not be computed: .+ What you see is the last result\.", message(page))
    assert page.locator(".live-message").first.get_attribute("role") == "status"
    page.get_by_label("x").nth(1).fill("7")
    wait_for(page, "output 14 21 35", 1)


@pytest.mark.parametrize("part", ["onnxruntime.js", "onnxruntime-wasm.bin"])
def test_a_runtime_that_cannot_be_fetched_says_so_and_is_tried_again(widget_page, affine, part):
    page = widget_page(affine, fresh=True)
    page.route(f"**/{part}", lambda route: route.abort(), times=1)
    page.get_by_label("y").fill("1")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "the runtime for models could not be fetched" in message(page)
    assert [re.search("Failed to load resource", text) is not None for text in page.errors] == [True]
    page.errors.clear()
    page.get_by_label("y").fill("2")
    wait_for(page, "sum 8; product 4")
    assert message(page) == ""


def test_a_book_built_without_npm_runs_models_from_the_pinned_address(widget_page, affine):
    page = widget_page(affine, fresh=True)
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
    assert page.left
    assert all(url.startswith(f"{home}/") for url in page.left)
    page.left.clear()


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
