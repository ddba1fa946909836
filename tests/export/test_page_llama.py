"""A Llama in parts for a page is the model itself: its file's numbers, one graph for all blocks, a cache in and out."""

import base64
import dataclasses
import gzip
import re

import pytest
import torch
from page_llama_reader import PageLlama
from tests.export.small_page_llama import build, tokenizer, write

from largemodels.data import smollm2
from largemodels.interpret import capture
from largemodels.models import Llama
from largemodels.text import Tokenizer

IDS = [17, 3, 250, 3, 299, 5, 101]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    model, packed = build()
    folder = tmp_path_factory.mktemp("real")
    write(folder, model, packed, tokenizer())
    return model, folder


def test_what_is_read_at_once_or_token_by_token_is_what_torch_reads(small):
    model, folder = small
    page = PageLlama(folder)
    assert (len(page.heads), len(page.blocks)) == (2, 3)
    with torch.no_grad(), capture(model, "blocks.*.attention.weights") as seen:
        want = model(torch.tensor([IDS]))[0]
    logits, cache, weights = page.read(IDS, page.start())
    torch.testing.assert_close(logits, want, atol=1e-4, rtol=1e-4)
    for layer in range(3):
        torch.testing.assert_close(weights[layer], seen[f"blocks.{layer}.attention.weights"][0], atol=1e-5, rtol=1e-4)
    grown = page.start()
    for place, token in enumerate(IDS):
        one, grown, _ = page.read([token], grown)
        torch.testing.assert_close(one[0], want[place], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(torch.from_numpy(grown[1]), torch.from_numpy(cache[1]), atol=1e-5, rtol=1e-4)


def test_every_part_is_there_twice_and_nothing_else(small):
    folder = small[1]
    index = PageLlama(folder).index
    assert len(list(folder.iterdir())) == 1 + 2 * len(index["parts"])
    for name, size, length in index["parts"]:
        packed = (folder / f"{name}.bin").read_bytes()
        assert (len(packed), len(gzip.decompress(packed))) == (size, length)
        script = (folder / f"{name}.js").read_text(encoding="utf-8")
        assert base64.b64decode(re.fullmatch(r'.*\["\w+"\] =\n  "(.*)";\n', script).group(1)) == packed
    (folder / "old.bin").write_bytes(b"")
    write(folder, *build(), tokenizer())
    assert PageLlama(folder).index == index
    assert not (folder / "old.bin").exists()


def test_what_a_page_cannot_take_is_refused_by_name(tmp_path):
    model, packed = build()
    other = packed | {"norm.weight": dataclasses.replace(packed["norm.weight"], kind="F16")}
    with pytest.raises(ValueError, match=r"norm\.weight is of kind F16; a page takes F32, Q8_0, Q4_1"):
        write(tmp_path, model, other, tokenizer())
    with pytest.raises(ValueError, match="has a head of its own"):
        write(tmp_path, model, packed | {"head.weight": packed["embedding.weight"]}, tokenizer())
    gate = packed["embedding.weight"]
    mixed = packed | {"blocks.1.mlp.gate.weight": dataclasses.replace(gate, shape=(32, 32), packed=gate.packed[:32])}
    with pytest.raises(ValueError, match="not all of the same kinds"):
        write(tmp_path, model, mixed, tokenizer())


def test_the_real_model_writes_what_torch_writes(tmp_path):
    import make_real

    index = make_real.write(smollm2(), tmp_path)
    assert sum(size for _, size, _ in index["parts"]) < 140e6
    model, words = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    prompt = words.encode("The capital of France is")
    want = model.generate(prompt[None], 32, temperature=0)[0, len(prompt) :].tolist()
    page = PageLlama(tmp_path)
    logits, cache, _ = page.read(prompt.tolist(), page.start())
    with torch.no_grad():
        torch.testing.assert_close(logits, model(prompt[None])[0], atol=1e-3, rtol=1e-4)
    written = [int(logits[-1].argmax())]
    while len(written) < 32:
        logits, cache, _ = page.read(written[-1:], cache)
        written.append(int(logits[-1].argmax()))
    assert written == want
