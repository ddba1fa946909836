"""Further controls of the sparse autoencoder change what they say, and nothing else."""

import torch
from sparse_controls import ACTIVE, largest, like_errors, named, without
from torch.testing import assert_close

from largemodels.interpret import SparseAutoencoder


def small() -> tuple[SparseAutoencoder, torch.Tensor]:
    torch.manual_seed(0)
    return SparseAutoencoder(13, 29, 3), torch.randn(2, 7, 13)


def test_of_many_numbers_the_largest_positive_ones_are_kept():
    z = torch.randn(5, 4 * ACTIVE, generator=torch.Generator().manual_seed(0))
    kept = largest(z)
    assert ((kept > 0).sum(-1) == ACTIVE).all()
    assert_close(kept[kept > 0], z[kept > 0])
    assert (z.masked_fill(kept > 0, float("-inf")).amax(-1) <= kept.masked_fill(kept == 0, float("inf")).amin(-1)).all()
    assert largest(-z.abs()).count_nonzero() == 0


@torch.no_grad()
def test_the_noise_is_as_long_as_the_errors_and_points_elsewhere():
    autoencoder, x = small()
    noise, error = like_errors(autoencoder, torch.Generator().manual_seed(0))(x) - x, autoencoder(x) - x
    assert_close(noise.norm(dim=-1), error.norm(dim=-1))
    assert torch.cosine_similarity(noise, error, -1).abs().max() < 0.95


@torch.no_grad()
def test_a_feature_that_is_taken_away_is_missing_where_it_was_active_and_only_there():
    autoencoder, x = small()
    features = autoencoder.features(x)
    feature = (features > 0).sum((0, 1)).argmax().item()
    less = without(autoencoder, feature, autoencoder.decode.weight[:, feature])(x)
    features[..., feature] = 0
    assert_close(less - x, autoencoder.decode(features) - autoencoder(x), atol=1e-5, rtol=1e-5)


def test_a_name_is_scored_by_where_it_holds_and_where_the_feature_is_active():
    strengths = torch.tensor([0.0, 1.0, 9.0, 8.0, 2.0, 0.0, 0.0, 0.0])
    fits = torch.tensor([1, 0, 1, 1, 0, 0, 0, 0]).bool()
    assert named(strengths, fits) == {
        "places": 3,
        "share_of_all_tokens": 0.375,
        "active_where_it_fits": 0.6667,
        "fits_where_active": 0.5,
        "fits_where_strong": 1.0,
    }
