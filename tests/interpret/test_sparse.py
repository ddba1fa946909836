"""A sparse autoencoder uses as many features as it may, has the right gradients, and finds what is there."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from largemodels.interpret import SparseAutoencoder, explained, fit_sparse


def test_a_vector_is_the_sum_of_its_strongest_features():
    torch.manual_seed(0)
    model, x = SparseAutoencoder(5, 11, 3), torch.randn(7, 2, 5)
    model.encode.bias.data.normal_()
    model.decode.bias.data.normal_()
    features = model.features(x)
    assert features.shape == (7, 2, 11)
    strengths = ((x - model.decode.bias) @ model.encode.weight.T + model.encode.bias).relu()
    for found, all_of_them in zip(features.view(-1, 11), strengths.view(-1, 11), strict=True):
        keep = all_of_them.argsort(descending=True)[:3]
        assert_close(found[keep], all_of_them[keep])
        assert found.count_nonzero() == (all_of_them[keep] > 0).sum()
    assert_close(model(x), features @ model.decode.weight.T + model.decode.bias)


def test_with_every_feature_active_it_is_an_ordinary_autoencoder():
    torch.manual_seed(0)
    model, x = SparseAutoencoder(5, 7, 7), torch.randn(3, 5)
    assert_close(model(x), model.decode(model.encode(x).relu()))


def test_gradients_are_those_of_the_formula():
    torch.manual_seed(0)
    model, x = SparseAutoencoder(3, 7, 2).double(), torch.randn(5, 3, dtype=torch.float64)
    names = [name for name, _ in model.named_parameters()]

    def run(x, *parameters):
        return torch.func.functional_call(model, dict(zip(names, parameters, strict=True)), (x,))

    inputs = (x.requires_grad_(), *(p.detach().clone().requires_grad_() for p in model.parameters()))
    assert torch.autograd.gradcheck(run, inputs)


def test_at_the_start_directions_have_norm_1_and_are_read_where_they_are_written():
    model = SparseAutoencoder(5, 11, 3)
    assert_close(model.decode.weight.norm(dim=0), torch.ones(11))
    assert_close(model.encode.weight, model.decode.weight.T)


@pytest.mark.parametrize("sizes", [(0, 3, 1), (3, 0, 1), (3, 5, 0), (3, 5, 6)])
def test_sizes_that_make_no_sense_are_refused(sizes):
    with pytest.raises(ValueError, match=r"at most all features active; got \d, \d and \d"):
        SparseAutoencoder(*sizes)


@pytest.fixture(scope="module")
def toy():
    """Vectors that are sums of 2 of 24 known directions in 16 dimensions, and where they start."""
    torch.manual_seed(0)
    truth = F.normalize(torch.randn(24, 16), dim=1)
    chosen = torch.rand(8000, 24).topk(2).indices
    strengths = torch.zeros(8000, 24).scatter(1, chosen, 1 + torch.rand(8000, 2))
    return truth, strengths @ truth


def trained(vectors, steps=800):
    torch.manual_seed(1)
    model = SparseAutoencoder(vectors.shape[1], 32, 2)
    losses = [*fit_sparse(model, vectors, steps, 256, 5e-3, torch.Generator().manual_seed(1))]
    return model, losses


def test_it_finds_directions_that_are_there(toy):
    truth, vectors = toy
    model, losses = trained(vectors)
    assert len(losses) == 800
    assert sum(losses[-20:]) < 0.3 * sum(losses[:20])
    assert ((truth @ model.decode.weight).max(1).values > 0.9).float().mean() > 0.75
    assert_close(model.decode.weight.norm(dim=0), torch.ones(32))
    assert explained(vectors, model(vectors)) == pytest.approx(1 - sum(losses[-20:]) / 20, abs=0.05)


def test_the_scale_and_the_mean_of_the_vectors_do_not_matter(toy):
    _, vectors = toy
    one, losses = trained(vectors, 60)
    shifted = 100 * vectors + 7
    other, same = trained(shifted, 60)
    assert_close(torch.tensor(losses), torch.tensor(same), atol=2e-3, rtol=2e-2)
    assert explained(shifted, other(shifted)) == pytest.approx(explained(vectors, one(vectors)), abs=0.01)


@pytest.mark.parametrize("shape", [(7, 3), (1, 5), (5,)])
def test_vectors_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match=r"takes two or more vectors \(n, 5\); got"):
        next(fit_sparse(SparseAutoencoder(5, 7, 2), torch.zeros(shape), 3))


def test_vectors_that_are_all_the_same_are_refused():
    same = torch.full((7, 5), 0.1)
    for refused in (lambda: next(fit_sparse(SparseAutoencoder(5, 7, 2), same, 3)), lambda: explained(same, same)):
        with pytest.raises(ValueError, match="the vectors are all the same: they have no variance to explain"):
            refused()


def test_what_is_explained_is_a_share_of_the_variance():
    torch.manual_seed(0)
    x = torch.randn(50, 3) + 5
    assert explained(x, x) == pytest.approx(1)
    assert explained(x, x.mean(0).expand_as(x)) == pytest.approx(0, abs=1e-6)
    assert explained(x, torch.zeros_like(x)) < -10
    half = x.mean(0) + (x - x.mean(0)) * 0.5
    assert explained(x, half) == pytest.approx(0.75)
