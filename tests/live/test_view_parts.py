"""A view's script and style are put together from parts, in order, and no part is lost."""

import importlib
import importlib.util
import sys

import pytest

from largemodels.live.view import HERE, KIT, View

MODULES = [importlib.import_module(f"largemodels.live.{script.stem}") for script in sorted(HERE.glob("*.js"))]
VIEWS = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, View) and value.__module__ == module.__name__
]


@pytest.fixture
def make_view(tmp_path):
    """Make a view of some parts from a file of its own: ``make_view(part, …)`` returns its class."""

    def make(*parts):
        source = f"from largemodels.live import View\n\n\nclass Own(View):\n    parts = {parts}\n"
        (tmp_path / "own.py").write_text(source, encoding="utf-8")
        (tmp_path / "own.js").write_text("export default { render() {} }; // own\n", encoding="utf-8")
        spec = importlib.util.spec_from_file_location("own", tmp_path / "own.py")
        module = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "own", module)
            spec.loader.exec_module(module)
        return module.Own

    return make


def read(part, kind):
    path = (HERE / part).with_suffix(kind)
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
@pytest.mark.parametrize("kind", [".js", ".css"])
def test_the_text_of_a_view_is_the_kit_its_parts_and_its_own_file(view, kind):
    own = view.__module__.rpartition(".")[2]
    texts = [read(part, kind) for part in (*KIT, *view.parts, own)]
    assert (view._esm if kind == ".js" else view._css) == "\n".join(text for text in texts if text)


def test_parts_come_in_the_order_in_which_they_are_named(make_view):
    link, ink = read("pad/link", ".js"), read("pad/ink", ".js")
    first, second = make_view("pad/ink", "pad/link")._esm, make_view("pad/link", "pad/ink")._esm
    assert first.index(ink) < first.index(link) < first.index("// own")
    assert second.index(link) < second.index(ink) < second.index("// own")


def test_a_part_that_is_not_there_is_an_error_that_names_it(make_view):
    with pytest.raises(FileNotFoundError, match=r"Own has a part that is not there: .*pad/lnik\.js"):
        make_view("pad/ink", "pad/lnik")


def test_every_part_is_in_a_view():
    named = {*KIT, *(part for view in VIEWS for part in view.parts)}
    there = {str(path.relative_to(HERE).with_suffix("")) for kind in ("js", "css") for path in HERE.glob(f"*/*.{kind}")}
    assert len(VIEWS) >= 8
    assert there == named
