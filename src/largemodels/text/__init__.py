"""Characters and tokens: vocabularies, and where a text stands."""

from largemodels.text.bpe import BytePairs, train_bpe
from largemodels.text.look_up import look_up, names_twice, rules
from largemodels.text.pre_tokenisers import PreTokeniser, pre_tokeniser
from largemodels.text.python_text import excerpts, properties
from largemodels.text.tokenizer import Tokenizer
from largemodels.text.vocabulary import UNKNOWN, Vocabulary

__all__ = [
    "UNKNOWN",
    "BytePairs",
    "PreTokeniser",
    "Tokenizer",
    "Vocabulary",
    "excerpts",
    "look_up",
    "names_twice",
    "pre_tokeniser",
    "properties",
    "rules",
    "train_bpe",
]
