"""Images as tensors: handwritten digits that ship with scikit-learn, MNIST, and real photographs."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from largemodels.data.cache import DataError, read_published
from largemodels.data.forms import digit_split

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# SHA-256 of the decompressed files
MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True)
class Labelled:
    """Images ``(n, c, h, w)``, float32 in [0, 1], and their labels ``(n,)``, int64, on one device."""

    images: Tensor
    labels: Tensor

    def __len__(self):
        return len(self.labels)


@dataclass(frozen=True)
class ImageData:
    """A training set, a test set, and the names of the classes."""

    train: Labelled
    test: Labelled
    names: tuple[str, ...]


DIGIT_NAMES = tuple("0123456789")


def digits(
    size: int = 28,
    device: str | torch.device = "cpu",
    test: int | None = None,
    held_out: str = "random",
    fold: int = 0,
) -> ImageData:
    """Return 1,797 real handwritten digits, 8×8, resized to ``size`` × ``size``, some of them held out for the test.

    They ship with scikit-learn (Alpaydin and Kaynak 1998), which does not name the writers; :func:`digit_forms` does.
    The splits are fixed:

    * ``held_out="random"``: the test asks for **known hands**. 360 digits, classes in proportion, and the same 14 hands
      stand on both sides.
    * ``held_out="forms"``: the test asks for **new hands**. Whole forms are held out: three, 371 digits, in fold 0.

    Args:
        size: rows and columns, at least 8.
        device: where the tensors are to be.
        test: digits held out, instead of 360; only for random splits with fold 0.
        held_out: "random" or "forms".
        fold: 0 to 4. Over the five folds each digit is held out once, so they serve for cross-validation.

    Raises:
        ValueError: a size below 8, a kind of split or a fold that there is not, or a test set smaller than the classes
            or larger than the data.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    y = load_digits().target
    train, tested = digit_split(held_out, fold)
    if test is not None:
        if held_out != "random" or fold != 0:
            raise ValueError(
                f'test={test} goes with held_out="random" and fold=0 alone; got held_out="{held_out}" and fold={fold}'
            )
        if not 10 <= test <= len(y) - 10:
            raise ValueError(f"the test set takes 10 to {len(y) - 10} of the {len(y)} digits; got {test}")
        train, tested = train_test_split(np.arange(len(y)), test_size=test, random_state=0, stratify=y)
    whole = digits_in_order(size, device)
    return ImageData(*(Labelled(whole.images[rows], whole.labels[rows]) for rows in (train, tested)), DIGIT_NAMES)


def digits_in_order(size: int = 28, device: str | torch.device = "cpu") -> Labelled:
    """Return the 1,797 digits of :func:`digits` in the order in which they were collected, form after form.

    Raises ``ValueError`` for a size below 8.
    """
    from sklearn.datasets import load_digits

    if size < 8:
        raise ValueError(f"the digits are 8 × 8 and can only be enlarged; got size {size}")
    x, y = load_digits(return_X_y=True)
    images = torch.from_numpy(x).float().view(-1, 1, 8, 8) / 16
    if size > 8:
        images = F.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
    return Labelled(images.to(device), torch.from_numpy(y).long().to(device))


def mnist(device: str | torch.device = "cpu") -> ImageData:
    """Return MNIST: 60,000 handwritten digits to learn from and 10,000 to test on, 28×28 (LeCun et al. 1998).

    Read from ``mnist/`` in the data folder (``LARGEMODELS_DATA``), else downloaded into it once.

    Raises:
        DataError: no network, or a file whose content is not the published one.
    """
    return ImageData(_mnist_part("train", device), _mnist_part("t10k", device), DIGIT_NAMES)


def _mnist_part(part: str, device) -> Labelled:
    images = _read_idx(f"{part}-images-idx3-ubyte.gz", axes=3)
    labels = _read_idx(f"{part}-labels-idx1-ubyte.gz", axes=1)
    return Labelled(images.to(device).unsqueeze(1).float() / 255, labels.to(device).long())


def _read_idx(name: str, axes: int) -> Tensor:
    """Read a file in IDX format: two zero bytes, the type (8: bytes), the number of axes, their lengths, the data."""
    content = read_published(
        f"mnist/{name}",
        MNIST_FILES[name],
        MNIST_MIRRORS,
        "Without a network use digits(), which ships with scikit-learn.",
    )
    if tuple(content[:4]) != (0, 0, 8, axes):
        raise DataError(f"{name} is not an IDX file of bytes with {axes} axes")
    shape = np.frombuffer(content, ">i4", axes, offset=4)
    pixels = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    return torch.from_numpy(pixels.reshape(shape).copy())


def photographs(height: int | None = None, device: str | torch.device = "cpu") -> dict[str, Tensor]:
    """Return real colour photographs by name, ``(1, 3, height, width)``, float32 in [0, 1].

    ``temple`` and ``flower`` ship with scikit-learn, ``cat``, ``coffee`` and ``astronaut`` with scikit-image.
    With ``height`` they are resized, keeping their proportions.

    Raises:
        ValueError: a height below 1.
        ImportError: scikit-image (or Pillow, which scikit-learn reads pictures with) is not installed.
    """
    from skimage import data
    from sklearn.datasets import load_sample_image

    if height is not None and height < 1:
        raise ValueError(f"height must be at least 1; got {height}")
    arrays = {
        "cat": data.chelsea(),
        "coffee": data.coffee(),
        "astronaut": data.astronaut(),
        "temple": load_sample_image("china.jpg"),
        "flower": load_sample_image("flower.jpg"),
    }
    return {name: _photograph(array, height).to(device) for name, array in arrays.items()}


def _photograph(array: np.ndarray, height: int | None) -> Tensor:
    image = torch.from_numpy(array.copy()).permute(2, 0, 1).unsqueeze(0).float() / 255
    if height is None:
        return image
    width = round(image.shape[3] * height / image.shape[2])
    return F.interpolate(image, size=(height, width), mode="bilinear", antialias=True).clamp(0, 1)
