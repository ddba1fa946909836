"""The device is the one that was asked for, or a clear error."""

import ctypes

import pytest
import torch

from largemodels import device as devices
from largemodels.device import (
    autocast,
    describe,
    fast_bfloat16,
    keep_large_buffers,
    lstm_takes_bfloat16,
    pick_device,
)


def test_auto_takes_the_accelerator_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert pick_device() == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device() == torch.device("cuda:0")
    assert pick_device("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "", "cpu:x", "tpu"])
def test_an_unknown_device_is_named_beside_those_there_are(name):
    with pytest.raises(ValueError, match=r"no device .* on this machine; choose 'auto' or one of .*cpu"):
        pick_device(name)


def test_cuda_without_cuda_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ValueError, match="no device 'cuda' on this machine"):
        pick_device("cuda")


def test_autocast_computes_products_in_the_precision_asked_for():
    x = torch.ones(3, 3)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with autocast(torch.device("cpu"), precision):
            assert (x @ x).dtype == dtype
    with pytest.raises(ValueError, match="precision is 'float16'; choose one of float32, bfloat16"):
        autocast(torch.device("cpu"), "float16")


def test_description_names_the_processor_and_its_threads():
    threads = torch.get_num_threads()
    assert describe(torch.device("cpu")).endswith(", 1 thread" if threads == 1 else f", {threads} threads")


def test_bfloat16_is_fast_where_the_processor_says_so(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    for flags, fast in (("fpu avx2", False), ("fpu avx512_bf16", True), ("amx_bf16 fpu", True), ("", False)):
        monkeypatch.setattr(devices, "_cpu_field", lambda name, flags=flags: flags)
        assert fast_bfloat16(torch.device("cpu")) is fast
    monkeypatch.setattr(devices, "_cpu_field", lambda name: "avx512_bf16")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")  # torch is told not to use it
    assert fast_bfloat16(torch.device("cpu")) is False


def test_keeping_buffers_needs_no_glibc(monkeypatch):
    keep_large_buffers()
    monkeypatch.setattr(devices.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("no glibc, and yet it was called"))
    keep_large_buffers()


@pytest.mark.parametrize("takes", [True, False])
def test_whether_an_lstm_takes_bfloat16_is_found_by_trying(monkeypatch, takes):
    def lstm(*inputs):
        if not takes:
            raise RuntimeError("could not create a primitive descriptor")
        return inputs

    monkeypatch.setattr(torch, "lstm", lstm)
    lstm_takes_bfloat16.cache_clear()
    before = torch.get_rng_state()
    assert lstm_takes_bfloat16(torch.device("cpu")) is takes
    assert lstm_takes_bfloat16(torch.device("cuda:0"))
    assert torch.equal(before, torch.get_rng_state())
    lstm_takes_bfloat16.cache_clear()
