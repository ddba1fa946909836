"""The command line talks to whoever types or pipes, and answers a wrong input in one line."""

import io
import json
import os
import re
import subprocess
import sys
from importlib import import_module

import pytest
import torch
from little_llama import write_folder, write_gguf

from largemodels.chat.__main__ import begin, main
from largemodels.chat.flags import make_parser
from largemodels.models import Llama

FLAGS = ["--temperature", "0", "--length", "7", "--device", "cpu"]
COMMAND = [sys.executable, "-m", "largemodels.chat", *FLAGS]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    return write_gguf(tmp_path_factory.mktemp("model") / "little.gguf", context=293)


@pytest.fixture
def pipe(monkeypatch, capsys):
    """Run the command with lines from a pipe; return its exit status, what it answered and what else it said."""

    def run(text, *flags):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
        status = main([*FLAGS, *map(str, flags)])
        return status, *capsys.readouterr()

    return run


def test_every_line_of_a_pipe_has_one_answer(pipe, little):
    status, out, err = pipe("the moon?\n\nand then", "--model", little)
    assert status == 0
    assert re.fullmatch(r"([a-z]{7}\n){2}", out)
    said = ["cut after 7 tokens (--length)"] * 2
    assert err.splitlines()[1:] == said
    assert re.fullmatch(r"little\.gguf: 2 layers, float32, read in [\d.]+ s\. .*", err.splitlines()[0])


def test_a_folder_answers_as_the_file_with_the_same_weights(pipe, little, tmp_path):
    folder = write_folder(tmp_path / "little", context=293)
    assert pipe("the moon?\n", "--model", folder)[:2] == pipe("the moon?\n", "--model", little)[:2]


def test_a_reset_forgets_and_quit_ends(pipe, little):
    status, out, err = pipe("the moon?\nand then\n/reset\nthe moon?\n/quit\nnever\n", "--model", little)
    first, second, third = out.splitlines()
    assert (status, third) == (0, first)
    assert second != first
    assert "forgotten" in err.splitlines()


def test_it_says_what_is_dropped_when_the_context_is_full(pipe, little):
    status, out, err = pipe("the moon?\n" * 13, "--model", little)
    assert status == 0
    assert len(out.splitlines()) == 13
    assert re.search(
        r"^the conversation does not fit into the context any more: its oldest \d+ messages are forgotten$", err, re.M
    )


def test_the_same_seed_gives_the_same_answers(pipe, little):
    flags = ["--model", little, "--temperature", "1"]
    one, same, other = (pipe("the moon?\n", *flags, "--seed", seed)[1] for seed in (3, 3, 5))
    assert one == same != other


def test_the_system_message_counts(pipe, little):
    plain, told = (pipe("the moon?\n", "--model", little, *flags)[1] for flags in ([], ["--system", "Be brief."]))
    assert plain != told


@pytest.mark.parametrize("kept", [torch.float32, torch.bfloat16, torch.int8, torch.uint8])
def test_weights_are_kept_as_told(tmp_path, kept):
    path = write_gguf(tmp_path / "little.gguf", width=64, hidden=64, heads=8, kv_heads=4, head_width=8)
    name = {torch.uint8: "int4"}.get(kept, str(kept).removeprefix("torch."))
    conversation = begin(make_parser().parse_args([*FLAGS, "--model", str(path), "--dtype", name]))
    assert kept in {tensor.dtype for tensor in conversation.model.blocks[0].mlp.gate.state_dict().values()}
    conversation.ask("the moon?")
    assert re.fullmatch("[a-z]{7}", "".join(conversation.answer()))


def test_what_could_change_the_terminal_is_not_printed(pipe, little, monkeypatch):
    monkeypatch.setattr("largemodels.chat.Conversation.answer", lambda self: (yield "a\x1b[2J\x9b\tb\nc\x07"))
    assert pipe("the moon?\n", "--model", little)[1] == "a�[2J�\tb\nc�\n"


CHANGES = {"settings": {"model_type": "gpt2"}, "text": {"num_attention_heads": "3"}, "null": {"rms_norm_eps": None}}


def wrong(folder, name):
    """Return flags that something is wrong with."""
    path = folder / "little.gguf"
    if name == "missing":
        return ["--model", path]
    if name == "folder":
        return ["--model", folder]
    if name in CHANGES:
        write_folder(folder / "little")
        settings = json.loads((folder / "little/config.json").read_text(encoding="utf-8")) | CHANGES[name]
        (folder / "little/config.json").write_text(json.dumps(settings), encoding="utf-8")
        return ["--model", folder / "little"]
    endless = "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}"
    write_gguf(path, template={"template": None, "endless": endless}.get(name, "{{ messages }}"))
    whole = path.read_bytes()
    if name == "cut":
        path.write_bytes(whole[:5000])
    if name == "other":
        path.write_bytes(whole.replace(b"llama", b"phony"))
    return ["--model", path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", r"there is no model file .*little\.gguf"),
        ("folder", r"there is no .*config\.json"),
        ("settings", r"config\.json: the model is of type 'gpt2'; only 'llama' can be read"),
        ("text", "config.json: num_attention_heads is '3'; it must be a whole number from 1"),
        ("null", "config.json does not describe a whole model: it does not say 'rms_norm_eps'"),
        ("endless", "the model's chat template does not take these messages: maximum recursion depth"),
        ("template", "this tokenizer has no chat template"),
        ("cut", r"little\.gguf is damaged or cut short, at 5,000 bytes"),
        ("other", r"little\.gguf holds a model of architecture 'phony'; only 'llama' can be read"),
    ],
)
def test_a_model_that_cannot_be_talked_to_is_named(pipe, tmp_path, name, message):
    status, out, err = pipe("the moon?\n", *wrong(tmp_path, name))
    assert (status, out) == (2, "")
    assert re.fullmatch(rf"error: .*{message}.*\n", err)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--temperature", "-1"], "temperature must be 0"),
        (["--length", "0"], "got 0 and 293"),
        (["--context", "1000"], "got 7 and 1,000"),
        (["--seed", 2**64], r"--seed must be from -2\*\*63"),
        (["--device", "abacus"], "no device 'abacus'"),
    ],
)
def test_wrong_flags_are_named(pipe, little, flags, message):
    status, out, err = pipe("the moon?\n", "--model", little, *flags)
    assert (status, out) == (2, "")
    assert re.fullmatch(rf"error: .*{message}.*\n", err)


def test_a_line_that_the_context_cannot_hold_is_named(pipe, little):
    status, out, err = pipe("the moon?\n" + "x" * 300 + "\nand then\n", "--model", little)
    assert status == 2
    assert len(out.splitlines()) == 1
    assert "error: the text is too long" in err.splitlines()[-1]


def test_a_model_that_was_not_brought_is_an_error_that_names_the_command(pipe, tmp_path, monkeypatch):
    monkeypatch.setattr(import_module("largemodels.data.smollm2"), "find_spec", lambda name: None)
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    status, out, err = pipe("the moon?\n")
    assert (status, out) == (2, "")
    assert re.fullmatch(r"error: the model .* is not here .* Bring it with `make model`.*\n", err)


def test_a_model_that_was_cut_short_is_an_error(pipe, tmp_path, monkeypatch):
    module = import_module("largemodels.data.smollm2")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    (tmp_path / "smollm2").mkdir()
    (tmp_path / "smollm2" / module.NAME).write_bytes(b"GGUF")
    status, out, err = pipe("the moon?\n")
    assert (status, out) == (2, "")
    assert re.fullmatch(r"error: .* is not whole: it has 4 bytes, .*\n", err)


@pytest.mark.parametrize("closed", ["stdin", "stdout"])
def test_without_anything_to_read_from_or_write_to_it_says_so(capsys, monkeypatch, closed):
    monkeypatch.setattr(sys, closed, None)
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "error: standard input and output must be open, to read lines from and to write answers to\n"
    )


def test_with_nowhere_to_say_what_is_no_answer_it_answers_all_the_same(pipe, little, monkeypatch):
    expected = pipe("the moon?\n", "--model", little)[:2]
    monkeypatch.setattr(sys, "stderr", None)
    assert pipe("the moon?\n", "--model", little)[:2] == expected


def test_a_fault_of_the_program_is_one_line(pipe, little, monkeypatch):
    def faulty(*arguments, **named):
        raise KeyError("oops")

    monkeypatch.setattr(Llama, "advance", faulty)
    status, out, err = pipe("the moon?\n", "--model", little)
    assert (status, out, err.splitlines()[1:]) == (2, "", ["error: this should not happen: KeyError: 'oops'"])


def test_an_interrupt_ends_a_pipe(pipe, little, monkeypatch):
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(Llama, "advance", interrupted)
    status, out, err = pipe("the moon?\n", "--model", little)
    assert (status, out, err.splitlines()[-1]) == (130, "", "stopped")


def test_it_hears_any_character_in_an_ascii_locale_and_bytes_that_are_none(little):
    command, line = [*COMMAND, "--model", str(little)], "är den grön? 月 ".encode() + b"\xff"
    answers = []
    for locale in ({"PYTHONUTF8": "1"}, ASCII):
        done = subprocess.run(command, input=line, capture_output=True, env={**os.environ, **locale})
        assert done.returncode == 0, done.stderr.decode()
        answers.append(done.stdout)
    assert answers[0] == answers[1] != b""


def test_it_ends_quietly_when_what_reads_the_answers_has_ended(little):
    with subprocess.Popen(
        [*COMMAND, "--model", str(little)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        process.stdin.write(b"the moon?\n" * 5)
        process.stdin.close()
        assert "Error" not in process.stderr.read().decode()
    assert process.returncode == 0


def test_the_real_model_knows_a_capital_and_what_it_was_told(pipe):
    questions = "My name is Mirjam.\nWhat is the capital of France?\nWhat is my name?\n"
    status, out, _ = pipe(questions, "--length", 31)
    assert status == 0
    assert "Paris" in out
    assert "Mirjam" in out.splitlines()[-1]
