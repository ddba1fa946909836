"""Occupations, and the pairs of sentences about them: each pair one place, the article as English has it."""

import functools
import operator
import re

import pytest

from largemodels.data import SETS, gendered_nouns, occupations, sentence_pairs
from largemodels.interpret import both


def test_there_are_39_occupations_with_shares_of_women_from_almost_none_to_almost_all():
    shares = occupations()
    assert len(shares) == 39
    assert min(shares.values()) == 0.02
    assert max(shares.values()) == 0.95
    assert (shares["nurse"], shares["lawyer"], shares["carpenter"]) == (0.90, 0.35, 0.02)


def test_nouns_that_name_a_sex_are_as_many_of_either():
    assert sorted(gendered_nouns().values()) == [0.0] * 8 + [1.0] * 8


@pytest.mark.parametrize("neutral", [False, True])
@pytest.mark.parametrize("which", SETS)
def test_each_sentence_is_a_pair_and_names_its_noun_once(which, neutral):
    nouns = [*occupations(), *gendered_nouns()]
    templates = sentence_pairs(nouns, which, neutral)
    assert len(templates) == 3
    for sentences in templates:
        assert len(set(sentences)) == len(nouns)
        for noun, sentence in zip(nouns, sentences, strict=True):
            assert both(sentence)[0].count(noun) == 1
            assert "{" not in sentence


def test_the_article_fits():
    text = " ".join(functools.reduce(operator.iadd, sentence_pairs([*occupations(), *gendered_nouns()], "before"), []))
    assert " an accountant" in text
    assert " a nurse" in text
    assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text)


def test_a_set_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="after, before, other words; got 'behind'"):
        sentence_pairs(["nurse"], "behind")


@pytest.mark.parametrize("jobs", ["nurse", [""], ["nurse", ""]])
def test_jobs_are_a_list_of_names(jobs):
    with pytest.raises(ValueError, match="give a list of jobs, each with its name"):
        sentence_pairs(jobs, "after")
