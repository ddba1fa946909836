"""What a reader may set in each widget: a function of its page for every kind."""

from driving import SEVEN, draw_by_mouse


def slide(page, number, keys="ArrowRight"):
    """Move a slider of the browser's own by three steps."""
    page.locator("input[type=range]").nth(number).focus()
    for _ in range(3):
        page.keyboard.press(keys)


def look_up(page):
    slide(page, 0)
    slide(page, 1)


def sampling(page):
    slide(page, 0)
    slide(page, 2, "ArrowLeft")
    page.get_by_role("radio").nth(1).check(force=True)
    page.get_by_role("button", name="Draw 10 others").click()


def calculator(page):
    page.locator(".cx-box").first.fill("3e21")


def scaling(page):
    page.get_by_role("radio").nth(1).check(force=True)


def systems(page):
    page.get_by_role("radio", name="linear").check(force=True)


def digit_reader(page):
    draw_by_mouse(page, SEVEN)


def feature_maps(page):
    draw_by_mouse(page, SEVEN)
    page.locator(".dr-class").nth(2).click()


def attributions(page):
    draw_by_mouse(page, SEVEN)
    page.locator(".dr-class").nth(2).click()


def patch_attention(page):
    draw_by_mouse(page, SEVEN)
    page.locator(".px-map").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)


def kernel(page):
    page.locator(".ke-kernel input").nth(3).fill("-0.7")
    page.locator(".ke-map .lm-surface").focus()
    page.keyboard.press("ArrowLeft")


def recurrence(page):
    page.get_by_role("radio").nth(2).check(force=True)
    page.get_by_role("button", name="Forward ›").click()


def write(page):
    """Type what a link must hold: what is code, what is markup, what no alphabet of a link has."""
    page.locator("textarea").fill(' a  = "<b>",\n\tQX-é.')


def hidden_states(page):
    write(page)
    page.locator(".hx-inspector input").fill("5")
    page.locator(".lm-line").focus()
    page.keyboard.press("Home")


def attention(page):
    write(page)
    page.wait_for_function("document.querySelectorAll('.lm-line .lm-char').length === 19")
    page.locator(".lm-line").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")


def next_character(page):
    write(page)
    slide(page, 0)


def tokens(page):  # this one has no vocabulary for another text; test_token_explorer.py has
    page.get_by_role("radio", name="its bytes").check(force=True)


def token_attention(page):
    page.locator(".lm-line").focus()
    page.keyboard.press("Home")


def chooser(page):
    page.get_by_role("radio").nth(1).check(force=True)
    slide(page, 0, "ArrowLeft")


def file_type(page):
    write(page)


def learning_to_see(page):
    slide(page, 0)
    page.get_by_role("radio", name="too small").check(force=True)
    page.get_by_label("Shuffle the labels").check()
    draw_by_mouse(page, SEVEN)
    page.get_by_label("What you drew").select_option("7")
    page.get_by_role("button", name="Train on it, too").click()


def step(page):
    page.get_by_role("button", name="Another seed").click()
    page.get_by_role("button", name="One step").click()
    page.wait_for_function("document.querySelector('.tr-state').textContent.includes('step 1,')")


def remember(page):
    slide(page, 1)
    page.get_by_role("button", name="Another sequence").click()
    page.get_by_role("radio", name="as torch makes it").check(force=True)
    step(page)


def attend(page):
    slide(page, 1)
    page.get_by_role("radio", name="rotary").check(force=True)
    page.get_by_role("button", name="Another text").click()
    step(page)


READERS = (kernel, digit_reader, feature_maps, attributions, patch_attention, look_up, recurrence, hidden_states)
READERS += (attention, next_character, tokens, token_attention, sampling, systems, scaling, chooser, file_type)
READERS += (calculator, learning_to_see, remember, attend)
CHANGES = {change.__name__: change for change in READERS}  # what a reader may do
