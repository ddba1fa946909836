"""Live widgets in a page without a kernel: what the static host promises to every view."""

import json

import ipywidgets
import pytest
import torch
from probe import Probe
from probe_page import Affine, affine, probe, wait_for, weighed  # noqa: F401

from largemodels.live import live


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
    page = widget_page(view, fresh=True)
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
