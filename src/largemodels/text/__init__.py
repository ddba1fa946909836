"""Characters and tokens: vocabularies, and where a text stands."""

from largemodels.text.look_up import look_up, names_twice, rules
from largemodels.text.python_text import excerpts, properties
from largemodels.text.vocabulary import UNKNOWN, Vocabulary

__all__ = ["UNKNOWN", "Vocabulary", "excerpts", "look_up", "names_twice", "properties", "rules"]
