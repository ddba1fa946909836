"""Pages that hold some widgets and nothing else, as MyST-NB writes those of the book."""

import json
from pathlib import Path

from ipywidgets.embed import embed_data

# the state of the widgets once, and a mark where each view belongs
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Live widgets</title>
<link rel="icon" href="data:,">
<style>
  body {{ margin: 0 auto; padding: 16px; max-width: 760px; font: 16px/1.5 system-ui, sans-serif; }}
  html[data-theme="dark"] body {{ background: #14181e; color: #e3e6ea; }}
</style>
<script defer src="{static}/onnx.js"></script>
<script defer src="{static}/reading.js"></script>
<script defer src="{static}/answers.js"></script>
<script defer src="{static}/training.js"></script>
<script defer src="{static}/host.js"></script>
</head>
<body>
<main>
<h1>Live widgets</h1>
{views}
</main>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
</body>
</html>
"""


def write(path: Path, views) -> Path:
    """Write a page two folders below what it loads, and return where it is."""
    data = embed_data(views, drop_defaults=False)
    marks = [
        f'<script type="application/vnd.jupyter.widget-view+json">{_script(spec)}</script>'
        for spec in data["view_specs"]
    ]
    state = _script(data["manager_state"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PAGE.format(static="../../_static", views="\n".join(marks), state=state), encoding="utf-8")
    return path


def _script(data) -> str:
    return json.dumps(data).replace("</script>", r"<\/script>")
