"""The best size, the price of a token, and chips: as in the sources, and within what their clocks allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largemodels.estimate import CHIPS, ComputeOptimal, Emissions, InferenceMemory, ScalingLaw, Serving, Shape, told
from largemodels.estimate.optimal import FITS
from largemodels.models import LlamaConfig

# Hoffmann et al. 2022, tables 3 and A3: parameters, and the compute for which they are the best
TABLES = {
    "first": [(400e6, 1.92e19), (1e9, 1.21e20), (10e9, 1.23e22), (67e9, 5.76e23), (175e9, 3.85e24), (1e12, 1.27e26)],
    "second": [(400e6, 1.84e19), (1e9, 1.20e20), (10e9, 1.32e22), (67e9, 6.88e23), (280e9, 1.18e25), (1e12, 1.59e26)],
    "unrounded": [(400e6, 2.21e19), (1e9, 1.62e20), (10e9, 2.46e22), (67e9, 1.71e24), (280e9, 3.52e25)],
}


@pytest.mark.parametrize("law", TABLES)
def test_the_best_size_is_that_of_the_papers_tables(law):
    for parameters, compute in TABLES[law]:
        assert ComputeOptimal().of(compute=compute)[f"parameters_{law}"] == pytest.approx(parameters, rel=0.06)


def test_for_gophers_compute_the_paper_says_40_billion_and_its_rounded_constants_do_not():
    found = ComputeOptimal().of(compute=5.76e23)
    assert round(found["parameters_unrounded"] / 1e9) == 40  # figure 4
    assert found["parameters_hoffmann"] < 0.85 * 40e9
    assert found["parameters_besiroglu"] == pytest.approx(70e9, rel=0.1)
    assert 18 < found["tokens_besiroglu"] / found["parameters_besiroglu"] < 22


@given(st.sampled_from(list(FITS)), st.floats(18, 27), st.floats(0.5, 2).filter(lambda x: abs(x - 1) > 1e-3))
def test_no_other_size_has_a_lower_loss_for_the_same_compute(fit, exponent, factor):
    found = ComputeOptimal().of(compute=10**exponent)
    n, d = found[f"parameters_{fit}"], found[f"tokens_{fit}"]
    assert 6 * n * d == pytest.approx(10**exponent)
    law = ScalingLaw(fit)
    assert law.of(parameters=n, tokens=d)["loss"] == pytest.approx(found[f"loss_{fit}"])
    assert law.of(parameters=n * factor, tokens=d / factor)["loss"] > found[f"loss_{fit}"]


def test_an_unknown_fit_is_refused():
    with pytest.raises(ValueError, match="fit is 'kaplan'; choose one of hoffmann, unrounded, besiroglu"):
        ScalingLaw("kaplan")


LLAMA = Shape(128_256, 8_192, 80, 64, 8, 128, 28_672)  # Llama 3 70B
H100 = {"peak": CHIPS["H100"].peak(), "bandwidth": CHIPS["H100"].bandwidth, "peak_used": 1, "bandwidth_used": 1}
SERVED = told(Serving(), LLAMA) | H100 | {"weight_bytes": 2, "cache_bytes": 2, "chips": 8, "price": 2}


def test_a_token_takes_the_time_of_fetching_all_weights_until_the_batch_is_at_the_balance():
    alone = Serving().of(**SERVED, batch=1, prompt=1)
    assert alone["seconds"] == pytest.approx(2 * LLAMA.parameters() / (8 * 3.35e12), rel=1e-4)
    assert alone["balance"] == pytest.approx(CHIPS["H100"].peak() / 3.35)  # 2 bytes fetched against 2 operations
    below, above = (Serving().of(**SERVED, batch=round(alone["balance"]) + step, prompt=1) for step in (-9, 9))
    assert below["multiplying"] < below["fetching"]
    assert above["multiplying"] > above["fetching"] * 0.99


def test_the_price_falls_with_the_batch_and_rises_with_the_text_before():
    prices = [Serving().of(**SERVED, batch=batch, prompt=1)["price_written"] for batch in (1, 8, 64)]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] == pytest.approx(8 * prices[1], rel=1e-3)
    costs = [Serving().of(**SERVED, batch=64, prompt=prompt)["price_written"] for prompt in (1, 1_000, 10_000)]
    assert costs == sorted(costs)
    whole = Serving().of(**SERVED, batch=64, prompt=1_000)
    assert whole["price_written"] == pytest.approx(8 * 2 / 3_600 / whole["throughput"] * 1e6)


def test_of_experts_one_text_fetches_those_it_chose_and_many_texts_all():
    mixture = Shape(32_000, 4_096, 32, 32, 8, 128, 1, expert_layers=32, experts=8, chosen=2, expert_hidden=14_336)
    numbers = told(Serving(), mixture) | {name: SERVED[name] for name in (*H100, "weight_bytes", "cache_bytes")}
    numbers |= {"chips": 1, "price": 2, "prompt": 1}
    one, many = (Serving().of(**numbers, batch=batch)["fetching"] * 3.35e12 / 2 for batch in (1, 500))
    cache = 2 * 32 * 8 * 128
    assert one == pytest.approx(mixture.active() + cache, rel=1e-9)
    assert many == pytest.approx(mixture.parameters() + 500 * cache, rel=1e-9)


def test_latent_attention_keeps_one_short_vector_a_token():
    shape = Shape.read(
        {
            "model_type": "deepseek_v3",
            "vocab_size": 97,
            "hidden_size": 24,
            "num_hidden_layers": 61,
            "num_attention_heads": 128,
            "intermediate_size": 41,
            "moe_intermediate_size": 7,
            "n_routed_experts": 8,
            "num_experts_per_tok": 2,
            "q_lora_rank": 9,
            "kv_lora_rank": 512,
            "qk_nope_head_dim": 128,
            "qk_rope_head_dim": 64,
            "v_head_dim": 128,
        }
    )
    kept = told(InferenceMemory(), shape)
    assert 2 * kept["kv_heads"] * kept["head_width"] == 512 + 64


def test_cache_of_grouped_queries_is_smaller_by_the_group():
    grouped, all_heads = (told(InferenceMemory(), Shape.read(LlamaConfig(kv_heads=heads))) for heads in (3, 9))
    rest = {"batch": 2, "context": 100, "prompt": 10, "scored": 1, "weight_bytes": 2, "cache_bytes": 2}
    few, many = (InferenceMemory().of(**kept, **rest, activation_bytes=2)["cache"] for kept in (grouped, all_heads))
    assert many == 3 * few == 2 * 30 * 9 * 64 * 2 * 100 * 2


@pytest.mark.parametrize("name", CHIPS)
def test_no_peak_is_above_what_units_and_clock_allow(name):
    chip = CHIPS[name]
    assert chip.counted in chip.peaks
    assert chip.source
    assert chip.place
    assert all(value is None or value > 0 for value in (chip.watts, chip.memory, chip.bandwidth, chip.clock))
    if chip.computed() is None:
        assert name in ("B200", "TPU v5e", "TPU v5p")  # for which it is not published
        return
    assert chip.peak(chip.counted) == pytest.approx(chip.computed(), rel=5e-3)  # data sheets round
    for precision, peak in chip.peaks.items():  # half the bits, at most twice the products
        bits = {"tensorfloat32": 32, "float32": 32, "float16": 16, "bfloat16": 16, "float8": 8, "int8": 8}
        bound = chip.computed() * bits[chip.counted] / bits[precision]
        assert peak <= bound * 1.005 * (2 if name == "RTX 4090" else 1)  # its sums in float32 take half the speed


def test_a_chip_without_bfloat16_answers_with_float16_and_what_is_not_published_is_refused():
    assert CHIPS["V100"].peak() == CHIPS["V100"].peak("float16") == 125
    with pytest.raises(ValueError, match="V100 has no published peak for float8; choose one of float32, float16"):
        CHIPS["V100"].peak("float8")


def test_bloom_energy_is_hours_times_watts_and_with_what_waited_within_the_range():
    found = Emissions().of(chip_hours=1_082_990, watts=400, pue=1, carbon=0.057)
    assert round(found["energy"]) == 433_196  # Luccioni et al. 2023: circular, nothing was measured
    assert found["co2"] == pytest.approx(24_700, rel=0.01)
    assert found["energy_low"] < 433_196 + 256_646 < found["energy_high"]
