"""The numbers of a calculator are pasted into it, beside a kernel as well, whose page has no address for them."""

from calculator_page import (
    LINK,
    SET,
    agrees,
    box,
    calculator,  # noqa: F401  (a fixture)
    results,
    shares,
)
from driving import drawn, settle


def paste(page, name, text):
    page.evaluate(
        """([name, text]) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", text);
          const box = document.querySelector(`[data-name=${name}] .cx-box`);
          box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        [name, text],
    )


def test_a_link_that_is_pasted_into_any_box_sets_all(calculator):
    page = calculator()
    before = drawn(page)
    paste(page, "chips", f"They used https://example.org/training.html#{LINK}, I think.")
    settle(page, before)
    assert agrees(page, **SET)
    paste(page, "chips", LINK[:30])
    page.locator(".cx-lost").filter(has_text="The text that was pasted holds numbers that cannot be read").wait_for()


def test_in_a_notebook_the_address_is_left_alone_and_the_numbers_can_be_sent(widget_page):
    """There a page has no state of widgets; the host has read it by the time in which the view asks."""
    view = shares()
    page = widget_page(view, fresh=True)
    page.evaluate(
        """async () => {
          const state = document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]');
          state.type = "text/plain";
          const el = document.createElement("div");
          document.querySelector("main").append(el);
          const url = URL.createObjectURL(new Blob([own.get("_esm")], { type: "text/javascript" }));
          const { default: front } = await import(url);
          front.render({ model: own, el });
          state.type = "application/vnd.jupyter.widget-state+json";
        }"""
    )
    page.get_by_role("button", name="Copy state").wait_for()
    box(page, "All", 1).fill("16")
    page.wait_for_function("document.querySelectorAll('[data-drawn]')[1].dataset.drawn > 1")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { configurable: true, value: undefined })")
    page.get_by_role("button", name="Copy state").click()
    sent = page.get_by_role("textbox", name="The link or the text to copy")
    sent.wait_for()
    assert sent.input_value() == "shares-1_n.all-16_n.some-2_end"
    paste(page, "n_all", "shares-1_n.all-40_n.some-10_end")
    page.wait_for_function(
        "[...document.querySelectorAll('.cx-result[data-name=span]')].at(-1).dataset.values[0] === '1'"
    )
    assert results(page, 1)["share"] == [0.25]
