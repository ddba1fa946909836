"""Pages share the scripts of their widgets: each in a file once, and nothing of them is lost."""

import json

import book_views
import pytest

LOOK = "".join(f".lm-{i} {{ color: red }}\n" for i in range(200))
KIT = "".join(f"const kit{i} = {i}; // </script> & é\n" for i in range(200))
ALL = {"One": ("one()", ".one {}"), "Two": ("two()", ".two {}"), "Three": ("three()", "")}


def state(name):
    script, style = ALL[name]
    own = {"_anywidget_id": f"largemodels.live.{name}", "_esm": KIT + script, "_css": LOOK + style, "error": "</p>"}
    return {"model_module": "anywidget", "state": own}


def page(*names):
    widgets = {f"id{i}": state(name) for i, name in enumerate(names)} | {"layout": {"state": {"width": None}}}
    text = json.dumps({"state": widgets}).replace("</", "<\\/")
    return f"<html><head>\n{book_views.OPEN}{text}</script>\n<script defer src='host.js'></script></head>é</html>"


def write(folder, **pages):
    for name, text in pages.items():
        path = folder / f"{name.replace('_', '/')}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    book_views.write_shared(folder)


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def files(folder):
    views = folder / "_static/views"
    return {path.stem.split("-")[0]: path.read_text(encoding="utf-8") for path in views.iterdir()}


def test_what_all_views_begin_with_is_there_once(tmp_path):
    write(tmp_path, intro=page("One"), chapters_cnn_a=page("One", "Two", "One"), plain="<p>no widget</p>")
    assert sorted(files(tmp_path)) == ["One", "Two", "kit"]
    assert all(("kit199" in text) == (name == "kit") for name, text in files(tmp_path).items())
    assert all(text.startswith("(globalThis.liveViews ??= {})[") for text in files(tmp_path).values())
    written = (tmp_path / "chapters/cnn/a.html").read_text(encoding="utf-8")
    assert "kit199" not in written
    assert written.count('<script defer src="../../_static/views/') == 3
    assert written.index("views/kit-") < written.index("views/One-") < written.index("host.js")
    assert (tmp_path / "intro.html").read_text(encoding="utf-8").count('src="_static/views/') == 2
    assert (tmp_path / "plain.html").read_text(encoding="utf-8") == "<p>no widget</p>"


def test_the_texts_are_put_together_to_what_they_were(tmp_path):
    write(tmp_path, a=page("One", "Two"))
    views = (tmp_path / "_static/views").iterdir()
    kept = {file.stem: json.loads(book_views.READ.fullmatch(file.read_text(encoding="utf-8"))[1]) for file in views}
    again = book_views.Page((tmp_path / "a.html").read_text(encoding="utf-8"), kept)
    assert again.views() == [state("One")["state"], state("Two")["state"]]


def test_a_book_built_page_by_page_is_the_one_built_at_once(tmp_path):
    pages = {"a": page("One"), "b": page("Two", "One"), "c": page("Three")}
    write(tmp_path / "once", **pages)
    for name, text in pages.items():
        write(tmp_path / "bit by bit", **{name: text})
    assert tree(tmp_path / "once") == tree(tmp_path / "bit by bit")
    write(tmp_path / "once")  # nothing new
    assert tree(tmp_path / "once") == tree(tmp_path / "bit by bit")


def test_what_no_page_shows_any_more_goes(tmp_path):
    write(tmp_path, a=page("One"), b=page("Two"))
    write(tmp_path, b=page("Three"))
    assert sorted(files(tmp_path)) == ["One", "Three", "kit"]


@pytest.mark.parametrize("pages", [{"a": page("One")}, {"a": page("One", "One")}, {}])
def test_a_single_view_has_all_in_one_file(tmp_path, pages):
    write(tmp_path, **pages)
    assert sorted(files(tmp_path)) == ["One"] * bool(pages)
