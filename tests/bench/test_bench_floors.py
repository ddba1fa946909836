"""A floor that is broken is found, and the tables say so."""

import pytest
from bench import cnn, large, report, rnn, transformer


def results(slowdown, speedup, fast_bfloat16=True):
    middle = lambda value: {"median": value, "lower": value, "upper": value}  # noqa: E731
    form = {"milliseconds": middle(1.0), "times_torch": middle(slowdown)}
    program = {"samples_per_second": middle(5000.0), "times_keras": middle(speedup)}
    return {
        "batch": 64,
        "data": "mnist",
        "fast_bfloat16": fast_bfloat16,
        "convolution": [{"case": "a layer", "forms": {"layers.conv2d": form}}],
        "training": [
            {"threads": 2, "others": 0.0, "programs": {"fit, float32": program, "fit, bfloat16": program}},
        ],
    }


@pytest.mark.parametrize(
    ("slowdown", "speedup", "holds"),
    [(2.5, 2.0, [True, True, True]), (2.51, 1.6, [False, True, False]), (1.0, 1.59, [True, False, False])],
)
def test_a_broken_floor_is_found(slowdown, speedup, holds):
    assert [floor["holds"] for floor in cnn.floors(results(slowdown, speedup))] == holds


def test_bfloat16_is_judged_where_the_processor_computes_in_it():
    assert len(cnn.floors(results(1.0, 1.7, fast_bfloat16=False))) == 2


def test_floors_are_for_programs_that_have_the_whole_machine():
    runs = [{"threads": n, "seed": seed} for n in (2, 1) for seed in (3, 5)]
    assert report.widest(runs) == runs[:2]
    assert report.widest([]) == []


def test_tables_say_which_floor_is_broken_and_when_other_programs_disturbed():
    found = results(3.0, 2.0)
    found["training"][0]["others"] = 1.3
    text = "\n".join([*cnn.tables(found), *report.floors(cnn.floors(found))])
    assert "BROKEN" in text
    assert "NOT RELIABLE: other programs took 1.3 cores" in text


def test_a_broken_floor_of_the_recurrent_layers_is_found():
    middle = {"median": 1.69, "lower": 1.0, "upper": 2.0}
    form = {"milliseconds": middle, "times_torch": middle}
    found = {
        "batch": 64,
        "recurrent": [{"case": "LSTM", "forms": {"layers.LSTM": form, "layers.LSTM, compiled": form}}],
        "classifier": [
            {
                "threads": 1,
                "others": 0.0,
                "programs": {"fit, float32": {"samples_per_second": middle, "times_keras": middle}},
            }
        ],
    }
    assert [floor["holds"] for floor in rnn.floors(found)] == [True, True, False]
    assert "BROKEN" in "\n".join([*rnn.tables(found), *report.floors(rnn.floors(found))])


def test_a_broken_floor_of_attention_is_found():
    middle = {"median": 1.2, "lower": 1.0, "upper": 2.0}
    form = {"milliseconds": middle, "times_torch": middle, "megabytes": 1.0}
    program = {"samples_per_second": middle, "times_keras": middle, "times_transformers": middle}
    run = {"threads": 1, "others": 0.0, "programs": {"fit, float32": program, "fit, bfloat16": program}}
    found = {
        "fast_bfloat16": True,
        "attention": [{"case": "", "tokens": t, "forms": {"layers.attention": form}} for t in (64, 256)],
        "attention-classifier": [run],
        "gpt": [run],
        "generation": {"ways": {"generate": {"tokens_per_second": middle, "times_transformers": middle}}},
    }
    floors = transformer.floors(found)
    assert [floor["holds"] for floor in floors] == [False, True, True, False, True, False, False]
    assert "BROKEN" in "\n".join([*transformer.tables(found), *report.floors(floors)])


def test_a_broken_floor_of_the_real_model_is_found():
    middle = lambda value: {"median": value, "lower": value, "upper": value}  # noqa: E731
    read = {"processor_seconds": middle(1.0), "times_transformers": middle(0.26), "peak_by_weights": middle(1.29)}
    few = {"float32": 1.0, "bfloat16": 0.5, "int8": 0.29, "int4": 0.2}
    way = lambda times, same=True: {  # noqa: E731
        "tokens_per_second": middle(9.0),
        "times_transformers": middle(times),
        "tokens_of_transformers": same,
        "tokens_without_lookup": same,
    }
    decoding = {"transformers": 1.0, "float32": 1.2, "bfloat16": 1.1, "int8": 1.7, "int4": 1.79}
    found = {
        "loading": {"transformers": read, "float32": read},
        "weights": {
            name: {"bytes": 100, "held_bytes": 100 * share, "bits_per_byte": 2 - share} for name, share in few.items()
        },
        "decoding": [{"threads": 1, "tokens": 48, "ways": {name: way(times) for name, times in decoding.items()}}],
        "lookup": [{"threads": 2, "tokens": 48, "ways": {"float32, lookup": way(2.6), "int4, lookup": way(9, False)}}],
    }
    floors = large.floors(found)
    assert [floor["holds"] for floor in floors] == [False, True, True, False, True, False, False, True, False]
    assert [floor["measured"] for floor in floors][6] == 1.8  # bits per byte of the quickest
    assert "BROKEN" in "\n".join([*large.tables(found), *report.floors(floors)])


def test_an_explorer_that_keeps_its_reader_waiting_is_found():
    each = {"tokens": 40, "bytes": 276_000}
    times = {1: 700.0, 2: 501.0}
    runs = [
        {**each, "threads": n, "milliseconds": dict.fromkeys(("median", "lower", "upper"), t)} for n, t in times.items()
    ]
    floors = large.floors({"explorer": runs})
    assert [(floor["measured"], floor["holds"]) for floor in floors] == [(501.0, False)]
    assert "276" in "\n".join(large.tables({"explorer": runs}))
