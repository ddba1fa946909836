"""The systems explorer in a page without a kernel: its doubling times are torch's; what is left out counts no more."""

import math

import pytest
import torch
from driving import darken, drawn, settle

from largemodels.data import systems
from largemodels.estimate import DoublingTime
from largemodels.live import SystemsExplorer, live
from largemodels.live.systems_explorer import AXES, NAMES

ALL = systems()


@pytest.fixture(scope="module")
def explorer():
    view = SystemsExplorer(ALL)
    return live(view, DoublingTime(), view.start())


def figure(system, axis="compute"):
    _, quantity, units = AXES[axis]
    found = getattr(system, quantity)
    return found if found and found.unit in units else None


def want(kept, axis="compute"):
    """Return torch's answer for the systems that are kept and have a figure, in float64."""
    chosen = [system for system in ALL if figure(system, axis) and kept(system)]
    years = torch.tensor([system.year - 1995 for system in chosen], dtype=torch.float64)
    doublings = torch.tensor([math.log2(figure(system, axis).value) for system in chosen], dtype=torch.float64)
    return DoublingTime()(years, doublings, torch.ones_like(years), torch.zeros(1, dtype=torch.float64))


def shown(page, name, number=0):
    return torch.tensor(
        [float(part) for part in page.locator(".sy-verdict").nth(number).get_attribute(f"data-{name}").split(",")]
    )


def check_against_torch(page, kept=lambda system: True, axis="compute"):
    answer = want(kept, axis)
    assert shown(page, "count").item() == answer["count"].item()
    for name in ("months", "rate"):
        torch.testing.assert_close(shown(page, name).double(), answer[name], rtol=2e-6, atol=0)
    return answer


def press(page, role, name):
    before = drawn(page)
    target = page.get_by_role(role, name=name, exact=True)
    target.locator("..").click() if role in ("checkbox", "radio") else target.click()
    settle(page, before)


def plot(page):
    return page.get_by_role("slider", name="System")


def card(page):
    return page.get_by_role("region", name="The chosen system")


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, explorer):
    page = widget_page(explorer, fresh=True)
    months, low, high = check_against_torch(page)["months"].tolist()
    text = f"Doubles every {months:.1f} months (95 % interval: {low:.1f} months to {high:.1f} months)."
    assert page.locator(".sy-verdict").text_content() == text
    assert page.locator(".sy-point:visible").count() == sum(system.compute is not None for system in ALL)
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_groups_that_are_left_out_count_no_more(widget_page, explorer, scheme):
    page = widget_page(explorer, scheme=scheme)
    press(page, "checkbox", "games")
    check_against_torch(page, lambda system: system.domain != "games")
    press(page, "radio", "no estimates")
    check_against_torch(page, lambda system: system.domain != "games" and system.compute.how != "estimated")
    press(page, "checkbox", "games")
    press(page, "radio", "only reported")
    check_against_torch(page, lambda system: system.compute.how == "reported")
    press(page, "radio", "all")
    before = drawn(page)
    page.get_by_role("slider", name="From").fill("2010")
    settle(page, before)
    check_against_torch(page, lambda system: system.date.year >= 2010)
    press(page, "button", "Count all again")
    check_against_torch(page)


@pytest.mark.parametrize("axis", list(AXES))
def test_every_axis_is_fitted(widget_page, explorer, axis):
    page = widget_page(explorer)
    if axis != "compute":
        press(page, "radio", AXES[axis][0])
    check_against_torch(page, axis=axis)
    assert page.locator(".sy-point:visible").count() == want(lambda system: True, axis)["count"].item()


def test_one_system_is_found_by_keyboard_left_out_and_counted_again(widget_page, explorer):
    page = widget_page(explorer)
    plot(page).focus()
    page.keyboard.press("Home")
    assert plot(page).get_attribute("aria-valuetext").startswith("Perceptron, January 1957, 695,000 operations, counts")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    name = [system.name for system in ALL if system.compute][-2]
    assert card(page).locator("h4").text_content() == name
    before = drawn(page)
    page.keyboard.press("Space")
    settle(page, before)
    check_against_torch(page, lambda system: system.name != name)
    assert plot(page).get_attribute("aria-valuetext").endswith("left out")
    before = drawn(page)
    card(page).get_by_role("button", name="Count it again").click()
    settle(page, before)
    check_against_torch(page)


def test_a_tap_shows_a_system_with_sources_that_can_be_followed(widget_page, explorer):
    page = widget_page(explorer)
    i = [system.name for system in ALL].index("AlexNet")
    box = page.locator(".sy-point").nth(i).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert card(page).locator("h4").text_content() == "AlexNet"
    text = card(page).text_content()
    system = ALL[i]
    for each in (system.parameters, system.compute, system.data, *system.others):
        assert each.place in text
        assert each.working in text
    links = [link.get_attribute("href") for link in card(page).get_by_role("link").all()]
    assert links == [each.link for each in (system.compute, system.parameters, system.data, *system.others)]
    assert page.locator(".sy b, .sy i").count() == 0  # text, never markup


def test_the_linear_scale_draws_the_same_numbers_elsewhere(widget_page, explorer):
    page = widget_page(explorer)
    high = lambda: page.locator(".sy-point").nth(20).evaluate("point => parseFloat(point.style.top)")  # noqa: E731
    before = high()
    page.get_by_role("radio", name="linear").locator("..").click()
    page.wait_for_function(
        "before => parseFloat(document.querySelectorAll('.sy-point')[20].style.top) !== before", arg=before
    )
    assert high() > 99  # next to the largest it is nothing
    check_against_torch(page)


def test_too_few_systems_are_said_to_be_too_few(widget_page, explorer):
    page = widget_page(explorer)
    for domain in ("vision", "language", "speech", "games", "multimodal"):
        press(page, "checkbox", domain)
    assert page.locator(".sy-verdict").text_content() == "Fewer than three systems count: there is no line."
    assert page.locator(".sy-line").get_attribute("points") == ""
    plot(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")  # it belongs to a group that is left out
    assert shown(page, "count").item() == 1


def test_two_on_a_page_do_not_disturb_each_other(widget_page, explorer):
    other = SystemsExplorer(ALL[20:], axis="parameters")
    page = widget_page(live(other, DoublingTime(), other.start()), explorer)
    before = page.locator(".sy").first.inner_html()
    page.get_by_role("checkbox", name="games").nth(1).locator("..").click()
    page.wait_for_function(
        "[...document.querySelectorAll('[data-drawn]')].map(el => el.dataset.drawn).join() === '1,2'"
    )
    assert page.locator(".sy").first.inner_html() == before


@pytest.fixture(scope="module")
def sent():
    """An explorer whose choices stand in the address."""
    view = SystemsExplorer(ALL, key="systems")
    return live(view, DoublingTime(), view.start())


def test_choices_stand_in_the_address_and_a_link_brings_them_back(widget_page, widget_address, open_page, sent):
    page = widget_page(sent, fresh=True)
    assert "#" not in page.url
    press(page, "radio", "parameters")
    press(page, "checkbox", "games")
    plot(page).focus()
    page.keyboard.press("Home")
    before = drawn(page)
    page.keyboard.press("Delete")
    settle(page, before)
    out = [system.name for system in ALL if system.parameters].index("Perceptron")
    page.wait_for_function("out => location.hash.includes(`_out-${out}_`)", arg=out)
    link = page.url
    assert link.endswith(
        f"#systems-{len(ALL)}_axis-parameters_scale-log_without-games_figures-all_from-1957_to-2026_out-0_chosen-0_end"
    )
    again = open_page(link)
    again.wait_for_function("document.querySelector('[data-drawn]')?.dataset.drawn > 1")
    check_against_torch(again, lambda system: system.domain != "games" and system.name != "Perceptron", "parameters")
    assert again.get_by_role("radio", name="parameters").is_checked()
    assert not again.get_by_role("checkbox", name="games").is_checked()


@pytest.mark.parametrize("fragment", ["#systems-3_axis-parameters_end", "#systems-60_axis-para"])
def test_a_link_of_another_list_or_cut_off_is_said_to_be_unreadable(widget_address, open_page, sent, fragment):
    page = open_page(widget_address(sent) + fragment)
    page.get_by_text("choices that cannot be read").wait_for()
    page.wait_for_function("document.querySelector('[data-drawn]')?.dataset.drawn > 1")
    check_against_torch(page)


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(widget_page, explorer, width):
    page = widget_page(explorer, width=width, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth") <= 0


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_bars_a_reader(widget_page, explorer, axe, options):
    page = widget_page(explorer, **options)
    if options.get("dark"):
        darken(page)
    press(page, "checkbox", "games")
    assert axe(page) == []


def test_the_view_names_its_inputs_in_order(explorer):
    assert tuple(explorer.inputs) == NAMES
