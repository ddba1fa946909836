"""What the sampling explorer leaves is what the library draws from, also where tokens stand in groups."""

import onnxruntime
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.testing import assert_close

from largemodels.live import Sampling, SamplingExplorer, live
from largemodels.live.sampling_explorer import NAMES, grouped
from largemodels.models import next_probabilities


def inputs(seed=0, singles=7, groups=5, temperature=1.0, top_k=10_000, top_p=1.0, min_p=0.0):
    """Return the inputs of ``Sampling``: a few tokens, and groups of up to 40."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(singles + groups, generator=generator).sort(descending=True).values
    counts = torch.cat([torch.ones(singles), torch.randint(1, 40, (groups,), generator=generator).float()])
    settings = (torch.tensor([float(each)]) for each in (temperature, top_k, top_p, min_p))
    return dict(zip(NAMES, (logits, counts, *settings), strict=True))


def token_by_token(logits, counts, temperature, top_k, top_p, min_p):
    """Return the library's probabilities with every token written out, summed up again, and how many are left."""
    counts = counts.long().tolist()
    each = torch.repeat_interleave(logits, torch.tensor(counts))[None]
    p = next_probabilities(each, temperature.item(), min(int(top_k), sum(counts)), top_p.item(), min_p.item())[0]
    parts = p.split(counts)
    return torch.stack([part.sum() for part in parts]), torch.tensor([(part > 0).sum() for part in parts])


@given(
    st.integers(0, 10**6),
    st.sampled_from([0.3, 0.7, 1.0, 1.9]),
    st.integers(1, 150),
    st.floats(0.05, 0.99),
    st.floats(0.01, 0.6),
)
def test_it_leaves_what_the_library_leaves(seed, temperature, top_k, top_p, min_p):
    example = inputs(seed, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    near = [example | {name: example[name] + by for name in ("top_p", "min_p")} for by in (-1e-5, 1e-5)]
    near += [example | {"top_p": near[0]["top_p"]}, example | {"top_p": near[1]["top_p"]}]
    after, kept = token_by_token(**example)
    assume(all(torch.equal(token_by_token(**each)[1], kept) for each in near))  # at an edge float32 rounds
    answer = Sampling()(**example)
    assert answer["kept"].tolist() == kept.tolist()
    assert_close(answer["after"], after.float(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rule", [{"top_k": 3}, {"top_k": 20}, {"top_p": 0.8}, {"min_p": 0.1}, {"temperature": 0.2}])
def test_each_rule_alone_is_the_librarys(rule):
    example = inputs(11, **rule)
    after, kept = token_by_token(**example)
    answer = Sampling()(**example)
    assert_close(answer["after"], after.float(), atol=1e-6, rtol=1e-5)
    assert answer["kept"].tolist() == kept.tolist()
    plain, _ = token_by_token(**inputs(11))
    assert_close(answer["before"], plain.float(), atol=1e-6, rtol=1e-5)  # whatever the rules are


def test_with_no_rule_nothing_changes():
    answer = Sampling()(**inputs(5))
    assert_close(answer["before"], answer["after"])
    assert answer["kept"].tolist() == inputs(5)["counts"].tolist()


def test_groups_hold_every_token_once_and_their_probability():
    logits = 4 * torch.randn(4999, generator=torch.Generator().manual_seed(3))
    values, counts, ids = grouped(logits, shown=13)
    p = logits.double().softmax(0).sort(descending=True)
    assert counts.sum() == 4999
    assert counts[:13].tolist() == [1] * 13
    assert ids.tolist() == p.indices[:13].tolist()
    assert_close(
        (values.exp() * counts).double(), torch.stack([x.sum() for x in p.values.split(counts.long().tolist())])
    )
    assert (values.diff() <= 0).all()
    assert len(values) <= 13 + 40


def test_a_hot_distribution_survives_the_grouping():
    """Within a group tokens are taken for equally likely; at other temperatures that is a small mistake."""
    logits = 4 * torch.randn(4999, generator=torch.Generator().manual_seed(3))
    view = SamplingExplorer({"a": logits}, str, shown=13)
    for temperature in (0.5, 2.0):
        start = view.start() | {"temperature": torch.tensor([temperature])}
        want = (logits.double() / temperature).softmax(0).sort(descending=True).values[:13]
        assert_close(Sampling()(**start)["after"][:13], want.float(), rtol=0.02, atol=1e-4)


def test_the_page_computes_what_torch_does():
    view = SamplingExplorer({"a": inputs(1, 200)["logits"]}, str, shown=20)
    start = view.start()
    session = onnxruntime.InferenceSession(live(view, Sampling(), start).onnx)
    for rule in ({}, {"top_k": 7.0}, {"top_p": 0.6}, {"min_p": 0.2}, {"temperature": 0.1}, {"temperature": 2.0}):
        given_ = start | {name: torch.tensor([value]) for name, value in rule.items()}
        out = session.run(None, {name: tensor.numpy() for name, tensor in given_.items()})
        for name, found in zip([each.name for each in session.get_outputs()], out, strict=True):
            assert_close(torch.from_numpy(found), Sampling()(**given_)[name])


def test_what_means_nothing_is_named():
    with pytest.raises(ValueError, match="above 0, top_k at least 1"):
        Sampling()(**inputs(temperature=0))
    with pytest.raises(ValueError, match="got 1, 10000, 0 and 0"):
        Sampling()(**inputs(top_p=0))
    example = inputs()
    with pytest.raises(ValueError, match="the likeliest tokens stand first"):
        Sampling()(**example | {"logits": example["logits"].flip(0)})
    with pytest.raises(ValueError, match=r"four numbers \(1,\)"):
        Sampling()(**example | {"top_p": torch.ones(2)})
    with pytest.raises(ValueError, match=r"at least 60; got \(59,\)"):
        grouped(torch.zeros(59))
    with pytest.raises(ValueError, match="finite"):
        grouped(torch.full((99,), torch.nan))
    with pytest.raises(ValueError, match="one prompt or more"):
        SamplingExplorer({}, str)
    with pytest.raises(ValueError, match="all of one vocabulary"):
        SamplingExplorer({"a": torch.zeros(99), "b": torch.zeros(98)}, str)
    with pytest.raises(ValueError, match="it takes logits, counts, temperature"):
        live(SamplingExplorer({"a": torch.zeros(99)}, str), Sampling(), {"x": torch.ones(1)})
