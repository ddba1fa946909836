"""Tokenizers in GGUF files and folders: read as they are meant, or refused with the reason."""

import json
import random

import pytest
from hypothesis import given
from many_texts import STRANGE, prose
from saved_tokenizers import SPECIAL, TEMPLATE, real, real_file, referee, small, small_folder, small_gguf
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from largemodels.files import GGUF
from largemodels.text import Tokenizer
from largemodels.text.tokenizer_files import TO_BYTES

MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module", params=["GGUF", "folder"])
def saved(request, tmp_path_factory):
    """The small tokenizer, read from a file of ours."""
    path = tmp_path_factory.mktemp("saved")
    if request.param == "GGUF":
        return Tokenizer.from_gguf(small_gguf(path / "small.gguf"))
    return Tokenizer.from_pretrained(small_folder(path))


@given(text=STRANGE)
def test_a_file_gives_the_tokenizer_that_was_saved(saved, text):
    text += "<think><|end|><|think|>"
    assert saved.encode(text, special=True).tolist() == small().encode(text).ids
    small().encode_special_tokens = True
    ids = small().encode(text).ids
    small().encode_special_tokens = False
    assert saved.encode(text).tolist() == ids
    assert saved.decode(ids) == text


def test_special_tokens_and_the_template_are_read(saved):
    assert saved.ids == {"<|end|>": 0, "<|start|>": 1}
    assert saved.always == {"<think>": 400}
    assert len(saved) == 401
    assert saved.stop == (0,)
    assert saved.chat(MESSAGES) == "<|start|>user: Hello<|end|>\nassistant:"
    assert saved.chat(MESSAGES, answer=False) == "<|start|>user: Hello<|end|>\n"


def test_an_open_file_need_not_be_opened_again(tmp_path):
    path = small_gguf(tmp_path / "small.gguf")
    assert Tokenizer.from_gguf(GGUF(path)).pairs.tokens == Tokenizer.from_gguf(str(path)).pairs.tokens


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({}, ()),
        ({"add_bos_token": True}, (1,)),
        ({"pre": "llama-bpe"}, (1,)),
        ({"pre": "llama-bpe", "add_bos_token": False}, ()),
    ],
    ids=["not said", "said", "as Llama 3", "as Llama 3, but not"],
)
def test_a_gguf_file_says_how_texts_begin(tmp_path, changes, start):
    assert Tokenizer.from_gguf(small_gguf(tmp_path / "small.gguf", **changes)).start == start


def test_a_folder_says_how_texts_begin(tmp_path):
    around = [("<|start|>", 1), ("<|end|>", 0)]
    processor = TemplateProcessing("<|start|> $A <|end|>", special_tokens=around)
    tokenizer = type(small()).from_str(small().to_str())
    tokenizer.post_processor = processor
    processor = json.loads(tokenizer.to_str())["post_processor"]
    assert Tokenizer.from_pretrained(small_folder(tmp_path)).start == ()
    folder = small_folder(tmp_path, lambda whole: whole.update(post_processor=processor))
    assert Tokenizer.from_pretrained(folder).start == (1,)
    nested = {"type": "Sequence", "processors": [{"type": "ByteLevel"}, processor]}
    folder = small_folder(tmp_path, lambda whole: whole.update(post_processor=nested))
    assert Tokenizer.from_pretrained(folder).start == (1,)
    assert Tokenizer.from_pretrained(small_folder(tmp_path, add_bos_token=True)).start == (1,)


def test_every_end_that_is_named_ends_an_answer(tmp_path):
    assert Tokenizer.from_gguf(small_gguf(tmp_path / "a.gguf", eot_token_id=7)).stop == (0, 7)
    assert Tokenizer.from_gguf(small_gguf(tmp_path / "b.gguf", eos_token_id=None)).stop == (0,)
    folder = small_folder(tmp_path)
    (folder / "generation_config.json").write_text('{"eos_token_id": [0, 9]}', encoding="utf-8")
    assert Tokenizer.from_pretrained(folder).stop == (0, 9)


def test_tokens_that_are_not_spelled_in_signs_for_bytes_are_plain_text(tmp_path):
    names = [*SPECIAL, *map(chr, TO_BYTES), "é\xa0", "é", "<é>", "?", "AB"]
    names = list(dict.fromkeys(name for name in names if TO_BYTES.get(ord(name[0]), 0) < 256))
    kinds = [3 if name in SPECIAL else 4 if name == "<é>" else 2 if name == "?" else 1 for name in names]
    tokenizer = Tokenizer.from_gguf(small_gguf(tmp_path / "a.gguf", tokens=names, token_type=kinds, merges=["A B"]))
    assert tokenizer.pairs.tokens[names.index("é\xa0")] == "é\xa0".encode()
    assert tokenizer.pairs.tokens[names.index("é")] == b"\xe9"
    assert tokenizer.pairs.tokens[names.index("<é>")] == "<é>".encode()
    assert tokenizer.decode(tokenizer.encode("a<é>b")) == "a<é>b"
    assert tokenizer.ids["?"] == names.index("?")


def test_a_template_is_found_wherever_it_is_kept(tmp_path):
    several = [{"name": "tools", "template": "no"}, {"name": "default", "template": TEMPLATE}]
    assert Tokenizer.from_pretrained(small_folder(tmp_path, chat_template=several)).template == TEMPLATE
    folder = small_folder(tmp_path, chat_template=None)
    assert Tokenizer.from_pretrained(folder).template is None
    (folder / "chat_template.jinja").write_text("{{ 1 }}", encoding="utf-8")
    assert Tokenizer.from_pretrained(folder).chat(MESSAGES) == "1"
    config = {"bos_token": {"content": "<|start|>"}, "eos_token": None}
    assert Tokenizer.from_pretrained(small_folder(tmp_path, **config)).names == {"bos_token": "<|start|>"}


def test_words_that_are_tokens_are_taken_whole_where_the_file_says_so(tmp_path):
    def whole(theirs):
        theirs["model"]["ignore_merges"] = True
        theirs["model"]["merges"] = theirs["model"]["merges"][:20]

    ours = Tokenizer.from_pretrained(small_folder(tmp_path, whole))
    theirs = type(small()).from_file(str(tmp_path / "tokenizer.json"))
    lines = [name.replace("Ġ", " ") for name in small().get_vocab() if name.isascii()] + prose()[:500]
    for line in lines:
        assert ours.encode(line, special=True).tolist() == theirs.encode(line).ids


@pytest.mark.parametrize(
    "splitters",
    [
        [{"type": "Digits", "individual_digits": False}],
        [{"type": "Digits", "individual_digits": True}],
        [{"type": "Split", "pattern": {"Regex": r"\p{Lu}|\s"}, "behavior": "Isolated", "invert": False}],
        [
            {"type": "Split", "pattern": {"String": "a.b"}, "behavior": "Isolated", "invert": False},
            {"type": "Sequence", "pretokenizers": []},
        ],
    ],
)
@pytest.mark.parametrize("regex", [False, True])
def test_a_folder_names_its_pre_tokenisers_part_by_part(tmp_path, splitters, regex):
    last = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": regex}
    parts = {"type": "Sequence", "pretokenizers": [*splitters, last]}
    ours = Tokenizer.from_pretrained(small_folder(tmp_path, lambda whole: whole.update(pre_tokenizer=parts)))
    theirs = type(small()).from_file(str(tmp_path / "tokenizer.json"))
    for line in [*random.Random(0).sample(prose(), 300), "a.b  12 34 a.ba.b axb ½x"]:
        assert ours.encode(line).tolist() == theirs.encode(line).ids


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_a_folder_names_its_form_of_unicode(tmp_path, form):
    ours = Tokenizer.from_pretrained(small_folder(tmp_path, lambda whole: whole.update(normalizer={"type": form})))
    theirs = type(small()).from_file(str(tmp_path / "tokenizer.json"))
    for line in [*random.Random(1).sample(prose(), 300), "e\u0301 é ﬁ ½ 각 각 ²"]:
        assert ours.encode(line).tolist() == theirs.encode(line).ids


# ---- refused ------------------------------------------------------------------------------------


def test_what_transformers_saved_is_what_the_real_models_file_holds(tmp_path):
    theirs = PreTrainedTokenizerFast(
        tokenizer_object=referee(special=True), **real().names, chat_template=real().template
    )
    theirs.save_pretrained(tmp_path)
    ours = Tokenizer.from_pretrained(tmp_path)
    assert ours.pairs.tokens == real().pairs.tokens
    assert ours.pairs.merges == real().pairs.merges
    assert (ours.ids, ours.always, ours.start, ours.stop) == (real().ids, real().always, real().start, real().stop)
    assert ours.template == real().template
    talk = [
        {"role": role, "content": line}
        for role, line in zip(["user", "assistant", "user"], prose()[::500], strict=False)
    ]
    for answer in (True, False):
        expected = theirs.apply_chat_template(talk, add_generation_prompt=answer, return_dict=False)
        assert ours.prompt(talk, answer).tolist() == expected


def test_the_real_models_words_are_cut_as_its_file_says():
    assert real_file()["tokenizer.ggml.pre"] == "smollm"
    assert real().pieces("x  1") == [b"x", b"  ", b"1"]
