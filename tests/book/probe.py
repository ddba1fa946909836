"""The plainest view, for tests: it prints outputs and has a field for every input."""

from largemodels.live import View


class Probe(View):
    """Shows the text ``settings["title"]`` above its numbers."""
