"""Occupations with the share of women in them, and pairs of sentences about them that differ in one word."""

import json
from pathlib import Path

FILE = Path(__file__).with_name("occupations.json")  # says where its numbers stand
SETS = ("after", "before", "other words")  # where in a sentence the word stands that differs, and which words


def occupations() -> dict[str, float]:
    """Return occupation → share of women, from 0 to 1, among those employed in the United States in 2017.

    Of 39 occupations, from the Current Population Survey, as Zhao et al. (2018, Table 1) print it.
    """
    return {job: share / 100 for job, share in _kept("women").items()}


def gendered_nouns() -> dict[str, float]:
    """Return nouns that say whether a woman (1) or a man (0) is meant, such as "queen": eight of each."""
    return {noun: share / 100 for noun, share in _kept("gendered").items()}


def sentence_pairs(jobs: list[str], which: str, neutral: bool = False) -> list[list[str]]:
    """Return, for each template of a set, a sentence about each of the jobs: ``[templates][jobs]``.

    Each has one place such as "[she|he]", the woman first. Neutral ones differ in words that say nothing about sex,
    such as "[Monday|Friday]". Raises ``ValueError`` for a set that is not one of ``SETS``, a job without a name, or one
    job in place of a list.
    """
    if isinstance(jobs, str) or not all(jobs):
        raise ValueError(f"give a list of jobs, each with its name; got {jobs!r}")
    if which not in SETS:
        raise ValueError(f"there are the sets {', '.join(SETS)}; got {which!r}")
    templates = _kept("neutral" if neutral else "templates")[which]
    return [[_put(template, job) for job in jobs] for template in templates]


def _kept(part: str) -> dict:
    return json.loads(FILE.read_text(encoding="utf-8"))[part]


def _put(template: str, job: str) -> str:
    article = "an" if job[0].lower() in "aeiou" else "a"
    return template.replace("{a job}", f"{article} {job}").replace("{job}", job)
