"""What the tests of live widgets share."""

import pytest

from largemodels.live.binding import Binding


@pytest.fixture
def kernel(monkeypatch):
    """For tests of what the kernel answers: spare them the export."""
    monkeypatch.setattr(Binding, "export", lambda self: b"")
