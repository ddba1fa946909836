"""The function and the photographs of the kernel explorer."""

import pytest
import torch
import torch.nn.functional as F

from largemodels.live import Convolve, KernelExplorer, thumbnail


def test_one_kernel_serves_every_channel():
    image, kernel, bias = torch.rand(1, 3, 7, 11), torch.rand(1, 1, 3, 5), torch.rand(1)
    want = F.conv2d(image, kernel.expand(1, 3, 3, 5), bias)
    torch.testing.assert_close(Convolve()(image, kernel, bias)["map"], want, atol=1e-5, rtol=0)


def test_a_kernel_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="3 channels, the filters 2"):
        Convolve()(torch.rand(1, 3, 7, 11), torch.rand(1, 2, 3, 3))


def test_a_thumbnail_is_the_middle_in_whole_hundredths():
    photo = torch.zeros(1, 3, 31, 61)
    photo[..., 20:41] = torch.tensor([0.25, 0.5, 0.75]).view(3, 1, 1)
    small = thumbnail(photo, 10, 7)
    assert small.shape == (1, 1, 10, 7)
    torch.testing.assert_close(small[..., 1:-1], torch.full((1, 1, 10, 5), 0.45))  # 0.299/4 + 0.587/2 + 0.114·3/4
    torch.testing.assert_close((small * 100).round() / 100, small)


@pytest.mark.parametrize("shape", [(3, 31, 61), (2, 3, 31, 61), (1, 4, 31, 61), (1, 3, 9, 61), (1, 3, 31, 6)])
def test_what_is_no_photograph_is_an_error(shape):
    with pytest.raises(ValueError, match="photograph"):
        thumbnail(torch.rand(shape), 10, 7)


def test_photographs_to_choose_from_share_one_shape():
    with pytest.raises(ValueError, match="must share one shape"):
        KernelExplorer({"small": torch.rand(1, 1, 5, 7), "large": torch.rand(1, 1, 7, 11)})
    with pytest.raises(ValueError, match="must share one shape"):
        KernelExplorer({"colour": torch.rand(1, 3, 5, 7)})
