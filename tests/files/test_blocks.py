"""Numbers in blocks are those of the gguf package, bit for bit."""

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, dequantize, quantize
from hypothesis import given
from hypothesis import strategies as st

from largemodels.files import pack, parts, unpack

KINDS = ("Q8_0", "Q4_0", "Q4_1")


def numbers(seed, *shape):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator) * 10 ** torch.randn(
        shape[0], *[1] * (len(shape) - 1), generator=generator
    )
    x[0, ..., :32] = 0  # a block of zeros
    return x


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 7), blocks=st.integers(1, 5))
def test_packed_numbers_are_ggufs_bit_for_bit(kind, seed, rows, blocks):
    x = numbers(seed, rows, 32 * blocks)
    expected = quantize(x.numpy(), GGMLQuantizationType[kind])
    assert torch.equal(pack(x, kind), torch.from_numpy(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_halves_between_two_whole_numbers_are_rounded_as_gguf_does(kind):
    x = (torch.arange(-127, 129) / 2)[None]  # scales that are powers of 2, or nearly
    x = torch.cat([x, x / 63.5 * 127, x.flip(1) / 8, x * 2**-9], 0)
    assert torch.equal(pack(x, kind), torch.from_numpy(quantize(x.numpy(), GGMLQuantizationType[kind])))


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 7), blocks=st.integers(1, 5))
def test_unpacked_numbers_are_ggufs_bit_for_bit(kind, seed, rows, blocks):
    packed = pack(numbers(seed, rows, 32 * blocks), kind)
    expected = dequantize(packed.numpy(), GGMLQuantizationType[kind])
    assert torch.equal(unpack(packed, kind), torch.from_numpy(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_many_rows_are_unpacked_as_few_are(kind):
    packed = pack(numbers(0, 1009, 32 * 13), kind)
    few = torch.cat([unpack(some, kind) for some in packed.split(7)])
    assert torch.equal(unpack(packed, kind), few)
    assert torch.equal(unpack(packed, kind, torch.bfloat16), few.bfloat16())
    by_columns = unpack(packed, kind, columns=True)
    assert torch.equal(by_columns, few)
    assert by_columns.T.is_contiguous()


@pytest.mark.parametrize("kind", KINDS)
def test_any_shape_is_packed_by_rows(kind):
    x = numbers(0, 2, 3, 5, 64)
    flat = unpack(pack(x.flatten(0, 2), kind), kind)
    assert torch.equal(unpack(pack(x, kind), kind), flat.view(x.shape))
    assert torch.equal(unpack(pack(x[1, 2, 3], kind), kind), flat.view(x.shape)[1, 2, 3])


@pytest.mark.parametrize(("kind", "dtype"), [("F32", "<f4"), ("F16", "<f2"), ("F64", "<f8")])
def test_plain_numbers_are_as_they_stand(kind, dtype):
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(dtype)
    assert torch.equal(unpack(torch.from_numpy(x.view(np.uint8)), kind), torch.from_numpy(x.astype(np.float32)))


def test_bfloat16_is_the_upper_half_of_float32():
    x = torch.randn(3, 5).bfloat16()
    assert torch.equal(unpack(x.view(torch.uint8), "BF16"), x.float())


def test_the_error_is_at_most_half_a_step_and_what_the_scale_was_rounded_by():
    x = numbers(3, 11, 96)
    for kind, steps in (("Q8_0", 254), ("Q4_1", 15)):
        groups = x.view(11, 3, 32)
        reach = 2 * groups.abs().amax(2) if kind == "Q8_0" else groups.amax(2) - groups.amin(2)
        error = (unpack(pack(x, kind), kind).view(11, 3, 32) - groups).abs().amax(2)
        assert (error <= reach / steps / 2 + groups.abs().amax(2) * 2.0**-10).all()


def test_parts_multiply_to_the_numbers():
    for kind in KINDS:
        packed = pack(numbers(5, 7, 64), kind)
        scale, least, whole = parts(packed, kind)
        assert whole.dtype == torch.int8
        assert whole.shape == (7, 2, 32)
        assert (least is None) == (kind != "Q4_1")
        x = scale[..., None] * whole + (0 if least is None else least[..., None])
        assert torch.equal(x.flatten(1), unpack(packed, kind))


def test_what_cannot_be_packed_is_named():
    with pytest.raises(ValueError, match="kind is 'Q3_K'; numbers can be packed as Q8_0, Q4_0, Q4_1"):
        pack(torch.zeros(32), "Q3_K")
    with pytest.raises(ValueError, match=r"blocks of 32 numbers; got shape \(3, 31\)"):
        pack(torch.zeros(3, 31), "Q8_0")
    for bad in (torch.inf, torch.nan, 3e38):
        for kind in KINDS:
            with pytest.raises(ValueError, match="numbers must be finite, and small enough"):
                pack(torch.tensor([bad] + [1.0] * 31), kind)


def test_what_cannot_be_unpacked_is_named():
    with pytest.raises(ValueError, match="kind is 'Q9'; known are Q8_0, Q4_0, Q4_1, F32"):
        unpack(torch.zeros(34, dtype=torch.uint8), "Q9")
    with pytest.raises(ValueError, match=r"Q8_0 takes bytes \(uint8\) in rows of a multiple of 34; got \(3, 33\)"):
        unpack(torch.zeros(3, 33, dtype=torch.uint8), "Q8_0")
    with pytest.raises(ValueError, match="F16 takes bytes"):
        unpack(torch.zeros(4), "F16")
