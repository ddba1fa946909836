"""The calculator, and a view that trains, in JupyterLab beside a real kernel: PyTorch answers there as a page does."""

import os
import re
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
import torch
from calculator_page import agrees, box, chip, give, results, training
from driving import frames
from tabs import blameless
from torch.testing import assert_close

from largemodels.data import digits
from largemodels.live import LearningToSee, SmallNetwork
from largemodels.train import TrainingStep

BOOK = Path(__file__).parent
CELL = """
from calculator_page import Shares, training
from largemodels.data import digits
from largemodels.live import Calculator, LearningToSee, SmallNetwork, live
from largemodels.train import TrainingStep

display(training())
view = Calculator("shares", Shares.takes, Shares.gives)
display(live(view, Shares(), view.start({"n_all": 8, "n_some": 2})))
see = LearningToSee(digits(20).train, digits(20).test, beside="learning-to-see")
live(see, TrainingStep(SmallNetwork(), ("momentum", "adam")), see.batch(), see.DYNAMIC)
"""
LAB = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]  # any port that is free
LAB += ["--LabApp.news_url=None", "--LabApp.extension_manager=readonly"]  # no other host is asked


class Lab:
    """A JupyterLab of its own, with nothing of what the machine's user has set: ``address`` opens the notebook."""

    def __init__(self, folder: Path, cell: str):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        cells = [nbformat.v4.new_code_cell(cell.strip())]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "run.ipynb")
        own = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"]
        own += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
        code = [str(BOOK), str(BOOK.parents[1] / "src"), os.environ.get("PYTHONPATH", "")]
        around = {name: str(folder / name.lower()) for name in own} | {"PYTHONPATH": os.pathsep.join(code)}
        token = secrets.token_hex(8)
        where = [f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}"]
        command = [sys.executable, "-m", "jupyterlab", *LAB, *where]
        self._server = subprocess.Popen(
            command, cwd=folder, env=os.environ | around, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._said = []
        try:
            port = self._port()
            threading.Thread(target=self._server.stderr.read, daemon=True).start()  # a full pipe would halt it
            while not _listens(port):
                assert self._server.poll() is None, "JupyterLab has ended"
        except BaseException:
            self.end()
            raise
        self.address = f"http://127.0.0.1:{port}/doc/tree/run.ipynb?token={token}"

    def end(self) -> None:
        """End the server, and with it the kernel."""
        self._server.terminate()
        self._server.wait()

    def _port(self) -> int:
        """Return the port, as soon as the server says it."""
        for line in self._server.stderr:
            self._said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/lab", line):
                return int(found[1])
        pytest.fail("JupyterLab has not started: " + "".join(self._said))


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def notebook(tabs, tmp_path_factory):
    """A notebook with two calculators and a network to train in JupyterLab, whose one cell has been run."""
    lab = Lab(tmp_path_factory.mktemp("lab"), CELL)
    try:
        page = tabs(lab.address, alone=True)
        # a cell that is run before there is a kernel is dropped; the round sign of the toolbar is idle even then
        page.locator("#jp-main-statusbar").get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.locator(".jp-CodeCell .cm-content").click()
        page.locator(".jp-Notebook.jp-mod-editMode").wait_for()
        page.keyboard.press("Control+Enter")
        page.wait_for_function(RAN)
        yield page
        tabs.shut(page)
        blameless(page)
    finally:
        lab.end()


RAN = """() => {
  const wrong = document.querySelector('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]');
  if (wrong) throw new Error(wrong.textContent);
  return document.querySelectorAll('[data-drawn]').length === 3;
}"""


def ask(page, act, number=0):
    """Do something to the calculator of this number, and wait until the kernel's answer is drawn."""
    answers = "n => Number(document.querySelectorAll('[data-drawn]')[n].dataset.drawn)"
    before = page.evaluate(answers, number)
    act()
    page.wait_for_function(f"([n, before]) => ({answers})(n) > before", arg=[number, before])
    frames(page)


def test_the_numbers_of_a_notebook_are_those_of_torch_and_of_the_page(notebook, widget_page):
    page, changed = widget_page(training()), {}
    assert agrees(notebook)
    given = {"parameters": ("405.9B", 405.9e9), "utilisation": ("34.6 %", 0.346), "chips": ("3,000", 3000)}
    for name, (text, changed[name]) in given.items():
        ask(notebook, lambda name=name, text=text: box(notebook, name).fill(text))
        give(page, name, text)
        assert agrees(notebook, **changed)
        on_page = results(page)
        assert results(notebook) == {each: pytest.approx(values, rel=1e-6) for each, values in on_page.items()}


def test_a_notebook_says_what_its_module_complains_about(notebook):
    shares = notebook.locator(".cx").nth(1)
    some = shares.get_by_role("textbox", name="Some")
    some.fill("9")
    shares.get_by_text("9 of 8 are more than all").wait_for()
    assert shares.get_by_text("As of the previous input: Some 2.").is_visible()
    assert results(notebook, 1)["share"] == [0.25]
    ask(notebook, lambda: some.fill("4"), 1)
    assert not shares.get_by_text("9 of 8 are more than all").is_visible()
    assert results(notebook, 1)["share"] == [0.5]


def test_a_calculator_leaves_the_address_of_a_notebook_alone(notebook):
    address = notebook.url
    before = results(notebook)["days"]
    ask(notebook, chip(notebook, "Large").click)
    assert results(notebook)["days"] != before
    assert notebook.url == address


def run(page, what):
    """Evaluate ``what`` of the run of the network."""
    return page.evaluate(
        f"() => {{ const {{ run }} = document.querySelectorAll('[data-drawn]')[2].trainer; return {what} }}"
    )


def until(page, condition):
    run = "const { run } = document.querySelectorAll('[data-drawn]')[2].trainer"
    page.wait_for_function(f"() => {{ {run}; return {condition} }}")


def test_a_notebook_trains_with_the_kernel_as_torch_does_from_the_same_seed(notebook):
    box = notebook.locator(".tr-panel")
    box.scroll_into_view_if_needed()

    def press(name):
        box.get_by_role("button", name=name).click()

    press("Train")
    until(notebook, "run.step >= 20")
    press("Pause")
    until(notebook, "!run.playing")
    losses = run(notebook, "[...run.losses]")  # what was asked before the pause may still arrive
    view, step = LearningToSee(digits(20).train, digits(20).test), TrainingStep(SmallNetwork(), ("momentum", "adam"))
    want = view.rehearse(step, steps=len(losses), rate=0.1)["losses"]
    assert_close(torch.tensor(losses), want, atol=1e-4, rtol=1e-4)
    assert run(notebook, "globalThis.ort === undefined")  # what a page trains with is not here

    press("Reset")
    assert run(notebook, "[run.step, run.losses.length]") == [0, 0]
    press("One step")
    until(notebook, "run.step === 1")
    assert run(notebook, "[...run.losses]") == losses[:1]
    weights = view.rehearse(step, steps=1, rate=0.1)["weights"]
    assert_close(torch.tensor(run(notebook, "[...run.weights]")), weights, atol=1e-5, rtol=0)
