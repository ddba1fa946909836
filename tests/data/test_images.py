"""The data are real, as described, and never anything else."""

import gzip
import hashlib

import numpy as np
import pytest
import torch

from largemodels.data import DataError, digits, images, mnist, photographs


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """Five digits to learn from and three to test on, in MNIST's own format, taken for the published files."""
    generator = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 5), ("t10k", 3)):
        arrays[f"{part}-images-idx3-ubyte.gz"] = generator.integers(0, 256, (n, 28, 28))
        arrays[f"{part}-labels-idx1-ubyte.gz"] = generator.integers(0, 10, n)
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    monkeypatch.setattr(
        images, "MNIST_FILES", {name: hashlib.sha256(idx(array)).hexdigest() for name, array in arrays.items()}
    )
    (tmp_path / "mnist").mkdir()
    for name, array in arrays.items():
        (tmp_path / "mnist" / name).write_bytes(gzip.compress(idx(array)))
    return arrays


def test_digits_are_1797_in_a_fixed_split_that_keeps_the_classes_in_proportion():
    data = digits()
    assert (len(data.train), len(data.test)) == (1437, 360)
    assert data.names == tuple("0123456789")
    for part in (data.train, data.test):
        assert part.images.shape[1:] == (1, 28, 28)
        assert part.images.dtype == torch.float32
        assert part.images.min() >= 0
        assert part.images.max() <= 1
        assert part.labels.dtype == torch.int64
    assert data.test.labels.bincount().tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]
    assert torch.equal(digits().test.images, data.test.images)


def test_digits_of_their_own_size_are_the_originals():
    from sklearn.datasets import load_digits

    data = digits(size=8)
    ours = torch.cat([data.train.images, data.test.images]).mul(16).flatten(1).to(torch.uint8)
    theirs = torch.from_numpy(load_digits().data).to(torch.uint8)
    assert sorted(map(tuple, ours.tolist())) == sorted(map(tuple, theirs.tolist()))


@pytest.mark.parametrize(
    ("options", "message"), [({"size": 7}, "only be enlarged; got size 7"), ({"test": 9}, "10 to")]
)
def test_digits_refuse_what_they_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        digits(**options)


def test_photographs_are_colour_images_with_numbers_from_0_to_1():
    for name, image in photographs(height=31).items():
        assert image.shape[:3] == (1, 3, 31), name
        assert image.dtype == torch.float32
        assert 0 <= image.min() < 0.2
        assert 0.7 < image.max() <= 1
        assert (image[0, 0] != image[0, 2]).any(), "colours differ"


def test_a_photograph_keeps_its_proportions():
    full, small = photographs()["cat"], photographs(height=100)["cat"]
    assert full.shape == (1, 3, 300, 451)
    assert small.shape == (1, 3, 100, 150)
    with pytest.raises(ValueError, match="height must be at least 1"):
        photographs(height=0)


def test_mnist_is_read_from_the_data_folder(small_mnist):
    data = mnist()
    assert data.train.images.shape == (5, 1, 28, 28)
    assert data.test.labels.tolist() == small_mnist["t10k-labels-idx1-ubyte.gz"].tolist()
    pixels = (data.test.images[:, 0] * 255).round().numpy()
    assert np.array_equal(pixels, small_mnist["t10k-images-idx3-ubyte.gz"])


def test_a_published_file_that_is_no_idx_file_is_named(small_mnist, tmp_path, monkeypatch):
    content, name = b"something else", "train-images-idx3-ubyte.gz"
    (tmp_path / "mnist" / name).write_bytes(gzip.compress(content))
    monkeypatch.setitem(images.MNIST_FILES, name, hashlib.sha256(content).hexdigest())
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is not an IDX file of bytes with 3 axes"):
        mnist()


def test_without_a_network_mnist_says_what_is_missing_and_what_to_use_instead(tmp_path, monkeypatch):
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    monkeypatch.setattr(images, "MNIST_MIRRORS", ("http://127.0.0.1:9/mnist/",))
    with pytest.raises(DataError, match=r"(?s)train-images.* is not in .*127\.0\.0\.1.*use digits\(\)"):
        mnist()
    assert list((tmp_path / "mnist").iterdir()) == []
