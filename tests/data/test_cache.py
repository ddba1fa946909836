"""A file whose content is not the published one is never used and never left behind."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from largemodels.data import DataError
from largemodels.data.cache import data_folder, read_published

CONTENT = b"the published content " * 1000
SHA = hashlib.sha256(CONTENT).hexdigest()
OFFLINE = "Without a network use the other one."
NOWHERE = "http://127.0.0.1:9/"  # nothing listens there


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def mirror():
    """Serve ``whole.gz``, ``changed.gz`` and ``cut.gz``, which promises more than it sends; count what was asked."""

    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = gzip.compress(b"another content" if "changed" in self.path else CONTENT)
            self.send_response(200 if self.path != "/gone.gz" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if "cut" in self.path else body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.asked = asked
        server.url = f"http://127.0.0.1:{server.server_port}/"
        yield server
        server.shutdown()


def read(name, *mirrors):
    return read_published(name, SHA, mirrors, OFFLINE)


def test_a_file_in_the_data_folder_needs_no_network(folder):
    (folder / "whole.gz").write_bytes(gzip.compress(CONTENT, 1))
    assert read("whole.gz", NOWHERE) == CONTENT


def test_any_compression_of_the_published_content_will_do(folder):
    for level in (1, 9):
        (folder / "whole.gz").write_bytes(gzip.compress(CONTENT, level))
        assert read("whole.gz") == CONTENT


def test_a_download_is_kept_and_asked_for_once(folder, mirror):
    assert read("part/whole.gz", mirror.url) == CONTENT
    assert read("part/whole.gz", mirror.url) == CONTENT
    assert mirror.asked == ["/whole.gz"]
    assert [path.name for path in (folder / "part").iterdir()] == ["whole.gz"]


def test_the_next_mirror_is_tried_when_one_does_not_answer(folder, mirror):
    assert read("whole.gz", NOWHERE, mirror.url) == CONTENT


@pytest.mark.parametrize(
    ("name", "reason"), [("changed.gz", "is not the published file"), ("cut.gz", ""), ("gone.gz", "404")]
)
def test_a_wrong_download_is_an_error_and_leaves_nothing_behind(folder, mirror, name, reason):
    with pytest.raises(DataError, match=rf"(?s){name} is not in .*{mirror.url}.*{reason}.*use the other one"):
        read(name, mirror.url)
    assert list(folder.iterdir()) == []


def test_without_a_network_the_error_names_the_file_and_the_alternative(folder):
    with pytest.raises(DataError, match=r"(?s)whole\.gz is not in .*127\.0\.0\.1.*use the other one"):
        read("whole.gz", NOWHERE)
    assert list(folder.iterdir()) == []


def test_a_corrupt_file_is_named_with_what_was_expected(folder):
    (folder / "whole.gz").write_bytes(gzip.compress(b"another content"))
    with pytest.raises(DataError, match=rf"whole\.gz is not the published file.*expected {SHA}.*Delete it"):
        read("whole.gz", NOWHERE)


@pytest.mark.parametrize("keep", [0, 1, 40])
def test_a_truncated_file_is_named(folder, keep):
    (folder / "whole.gz").write_bytes(gzip.compress(CONTENT)[:keep])
    with pytest.raises(DataError, match=r"whole\.gz is (damaged|not the published file)"):
        read("whole.gz", NOWHERE)


def test_a_file_damaged_in_the_middle_is_named(folder):
    packed = bytearray(gzip.compress(CONTENT))
    packed[len(packed) // 2] ^= 0xFF
    (folder / "whole.gz").write_bytes(packed)
    with pytest.raises(DataError, match=r"whole\.gz is damaged"):
        read("whole.gz", NOWHERE)


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file where a folder should be", encoding="utf-8")
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path / "taken"))
    with pytest.raises(DataError, match=r"(?s)taken.*use the other one"):
        read("whole.gz", NOWHERE)


def test_data_folder_is_the_one_that_the_reader_chose(monkeypatch):
    monkeypatch.setenv("LARGEMODELS_DATA", "~/mine")
    assert data_folder() == Path.home() / "mine"
    monkeypatch.delenv("LARGEMODELS_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert data_folder() == Path("/caches/largemodels")
