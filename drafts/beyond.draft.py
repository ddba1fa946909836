import nbformat, json, sys
from nbformat.v4 import new_notebook, new_code_cell, new_markdown_cell
cells=[]
def md(text): cells.append(new_markdown_cell(text.strip("\n"), id=f"beyond-{len(cells):02}"))
def code(text, tags=None, caption=None, alt=None):
    meta={}
    if tags: meta["tags"]=tags
    if caption or alt:
        meta["mystnb"]={}
        if caption: meta["mystnb"]["figure"]={"caption":caption}
        if alt: meta["mystnb"]["image"]={"alt":alt}
    cells.append(new_code_cell(text.strip("\n"), id=f"beyond-{len(cells):02}", metadata=meta))
IGN=["nbval-ignore-output"]

md(r'''
# Beyond text

*What has attention to do with language?*

Nothing in its formula has. Queries, keys and values are vectors, and nobody asks where they come from. So far, all of
them came from the tokens of one text. This notebook takes them from elsewhere, twice. First the queries come from one
sequence, the keys and values from another: that is how a Transformer translates. The task is so small that you know
the right place to look for every single character, and so we can check whether the weights do what they seem to do.
Then we do away with tokens, cut an image into squares, and let a Transformer read those.

You will be able to

- say where queries, keys and values come from in an encoder and a decoder;
- read an alignment off the weights, give it a score, and test by hiding and transplanting what it means;
- turn an image into a sequence, and say why that step is a convolution;
- say what a vision Transformer takes for granted about images, and what it must learn instead;
- compare two kinds of network at equal cost, and say which cost.
''')
code('''
# On Colab this brings the book here and installs its package, beside the torch that Colab has. Elsewhere: nothing.
import importlib.util
import os
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("largemodels") is None:
    repository = os.environ.get("BOOK_REPOSITORY") or input("This book's repository on GitHub (owner/name): ")
    !git clone --quiet --depth 1 https://github.com/{repository} book
    %pip install --quiet "./book[book]"
    %cd -q book/chapters/transformer
''', tags=["remove-cell"])
code('''
import inspect
import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from statistics import fmean

import torch
import torch.nn.functional as F
from IPython.display import Code
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode
''')
code('''
from largemodels.capture import Watched, capture
from largemodels.data import UNKNOWN, Batches, dates, digits
from largemodels.device import pick_device
from largemodels.estimate import layer_costs
from largemodels.live import PatchAttentionExplorer, live
from largemodels.models import ConvNet, Seq2Seq, Seq2SeqConfig, ViT, ViTConfig
from largemodels.models.seq2seq import DecoderLayer
from largemodels.show import alignment, bars, curves, gaze_sheet, likeness, patches
from largemodels.train import Recipe, evaluate, fit, load_weights, predict
''')
code('''
RESULTS, CHECKPOINTS = Path("../../results"), Path("../../assets/checkpoints")
STEPS, BATCH = 1200, 32  # of the translator
ASKED = 2000  # unseen dates to examine it by
torch.manual_seed(0)
device = pick_device()
''')
md(r'''
## A translation that everybody can check

People write dates in many ways. Computers like one, ISO 8601: year, month, day. To turn the first into the second is a
translation, with its own small grammar: the order changes, names become numbers, and a single digit becomes two.
''')
code('''
data = dates(device=device)
vocabulary = data.vocabulary
tokens, targets = data.test.tokens[:ASKED], data.test.targets[:ASKED]
longest = tokens.shape[1] - targets.shape[1]  # characters of a source, filled up

def read(tokens):
    return vocabulary.decode(tokens[tokens != 0].cpu())

texts = [read(source) for source in tokens[:, :longest]]
answers = [read(target) for target in targets]
for text, answer in zip(texts[:9], answers):
    print(f"{text:29} {answer}")
''')
code('''
assert len(data.train) + len(data.test) == (date(2100, 1, 1) - date(1900, 1, 1)).days
assert all(len(answer) == 10 for answer in answers)

def by_rule(text):
    forms = "%d %B %Y", "%B %d, %Y", "%A, %d %B %Y", "%d/%m/%Y", "%b %d, %Y", "%Y %b %d"
    for form in forms:
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            pass

assert [by_rule(text) for text in texts] == answers
''')
md(r'''
The last lines are the honest rival: a dozen lines that need no training and make no mistake. Nobody needs a neural
network for dates. We take one because here, unlike in real translation, we know for each character of the answer where
in the question it stands.

## Queries from here, keys from there

The network has two halves {cite:p}`vaswani2017attention`. The **encoder** reads the source, as the encoders of the
[second notebook](encoder) do: each character ends as a vector that knows its neighbourhood. The **decoder** writes the
answer, character by character, as a GPT does, and never sees what it has yet to write. What is new stands between them.
Each place in the decoder asks, and the *source* answers:

$$
\mathrm{CrossAttention}(Y, X) = \mathrm{softmax}\!\left(\frac{(Y W^Q)(X W^K)^\top}{\sqrt{d_k}}\right) X W^V .
$$

$Y$, of shape `(t, d)`, is what the decoder has so far; $X$, `(s, d)`, is the source as the encoder left it. So the
weights are a table with a row for each character that is *written* and a column for each that is *read*. It need not
be square, and nothing in it is hidden: the whole source is there from the beginning. The idea is older than the
Transformer. {cite:t}`bahdanau2015neural` put it between two recurrent networks, so that a long sentence need not be
squeezed into one vector, and called the weights an **alignment**.
''')
code('''
Code(inspect.getsource(DecoderLayer.forward), language="python")
''')
md(r'''
The first line is self-attention with its mask, the third the feed-forward part. The second is the formula: `memory` is
the source.

We take one layer in each half. Then there is exactly one step in which anything gets from the source into the answer,
and what it reads can be looked at in one picture.
''')
code('''
def translator(seed):
    torch.manual_seed(seed)
    config = Seq2SeqConfig(len(vocabulary), longest, targets.shape[1], width=64, heads=4, layers=1)
    return Seq2Seq(config).to(device).eval()

model, untrained = translator(0), translator(0)
batches = Batches(data.train.tokens, data.train.targets, BATCH, epochs=1)
batches = [batches[i] for i in range(STEPS)]
losses = [step.loss for step in fit(model, batches, Recipe(5e-3, schedule="cosine", warmup=50, clip=1.0))]
''')
code('''
means = torch.tensor(losses).unfold(0, 20, 20).mean(1)
curves(range(20, STEPS + 1, 20), {"translator": means}, "step", "loss, nats a character", log=True)
''', caption="One character of the answer, on average.", alt="Loss against training step on a logarithmic scale: it falls from about 2 nats to about a hundredth within 1,200 steps.")
md(r'''
How many dates are right, all ten characters? The model writes them itself, each character from those that it wrote
before. There is a shorter way to count: give the decoder the right answer so far, at every place at once, and see
whether it would have gone on rightly. The first mistake is the same in both, so a date is right as a whole in one
exactly if it is in the other.
''')
code('''
right = predict(model.eval(), tokens).argmax(2) == targets
exact = right.all(1).float().mean().item()
print(f"{exact:.1%} of {len(tokens):,} unseen days without a mistake; untrained: ", end="")
print(f"{(predict(untrained, tokens).argmax(2) == targets).all(1).float().mean():.1%}")
''', tags=IGN)
code('''
written = model.translate(tokens[:500, :longest])
assert torch.equal((written == targets[:500]).all(1), right[:500].all(1))
assert exact > 0.94
''')
md(r'''
## Where it looks

`capture` watches the tap behind the softmax of the cross-attention: for each head, a row of weights for every character
that is written. The boxes say where we would look: for the year's four characters at the year, for the month's two at
the name of the month, for the day's two at the day.
''')
code('''
def look(model, tokens):
    with capture(model, "decoder.0.multihead_attn.weights") as seen, torch.no_grad():
        model(tokens)
    return seen["decoder.0.multihead_attn.weights"]  # (b, h, t, s)

NAMES = "January February March April May June July August September October November December".split()
PARTS = {"year": range(0, 4), "month": range(5, 7), "day": range(8, 10)}  # rows: what is written

def whereabouts(text, answer):
    """The columns of year, month and day in the source."""
    words = {word.span(): word.group() for word in re.finditer(r"[A-Za-z]+|[0-9]+", text)}
    year = next(span for span, word in words.items() if word == answer[:4])
    name = NAMES[int(answer[5:7]) - 1][:3]
    named = [span for span, word in words.items() if word[:3] == name]
    numbers = [span for span, word in words.items() if word.isdigit() and span != year]
    month = named[0] if named else numbers[1]
    return dict(zip(PARTS, (range(*year), range(*month), range(*numbers[0]))))
''')
code('''
example = texts.index(next(t for t in texts if t.startswith("Wednesday") and t[11:13].isdigit()))
text, answer = texts[example], answers[example]
weights = look(model, tokens[example : example + 1])[0, :, :, : len(text)]
boxes = [(rows, whereabouts(text, answer)[part]) for part, rows in PARTS.items()]
maps = {"trained, mean of four heads": weights.mean(0), "trained, head 1 alone": weights[0]}
alignment(maps, text, answer, boxes)
''', caption="One date of the test set: a row for each character that is written. Yellow is weight 1, black 0.",
alt="Two heat maps, the source date along the bottom and the ten characters of the answer down the side. Most of the bright cells lie in the boxes: year rows on the year, month rows on a letter or two of the month's name, day rows on the day. The rows of the hyphens are faint.")
md(r'''
Nobody told the network what belongs to what. It was shown pairs of texts and had to find out where to look, because
looking in the right place makes the next character predictable. That is an alignment, and it can be read off the map.

Or so it looks in this one. A picture of one example proves little. So we make it a number: **the share of the weight
that falls on the right part**, averaged over heads, for 2,000 test dates. And three numbers to compare it with: the
same network before training; weights spread evenly over the source; and the trained weights of *another* date, laid
over this one.
''')
code('''
right_part = torch.zeros(len(texts), 10, longest, dtype=torch.bool)  # (date, written, read)
for i, (text, answer) in enumerate(zip(texts, answers)):
    for part, columns in whereabouts(text, answer).items():
        rows = PARTS[part]
        right_part[i, rows.start : rows.stop, columns.start : columns.stop] = True

beside = F.max_pool1d(right_part.float(), 3, stride=1, padding=1)  # and one place more on both sides

def score(weights, place=right_part):
    """The share on the right part, for each character that is written."""
    return (weights.mean(1).cpu() * place).sum(2).mean(0)

weights, before = look(model, tokens), look(untrained, tokens)
visible = (tokens[:, :longest] != 0).float()
even = (visible / visible.sum(1, keepdim=True))[:, None, None].expand_as(weights)
scores = {"trained": weights, "another date's": weights.roll(1, 0), "untrained": before, "even": even}
scores = {name: score(each) for name, each in scores.items()}
scores["trained, or beside"] = score(weights, beside)
''')
code('''
for name, each in scores.items():
    shares = (f"{part} {each[rows.start : rows.stop].mean():4.0%}" for part, rows in PARTS.items())
    print(f"{name:19}", ", ".join(shares))
''', tags=IGN)
code('''
means = {name: torch.stack([each[r.start : r.stop].mean() for r in PARTS.values()]) for name, each in scores.items()}
for name in ("another date's", "untrained", "even"):
    assert (means["trained"] > 1.4 * means[name]).all() and means[name].mean() < 0.35
assert means["trained"].mean() > 0.6
''')
md(r'''
Trained, most of the weight is where it belongs; untrained, it is spread as if by lot. Of what seems to miss, much lies
one place beside: blanks, commas and strokes hold nothing of their own, and the network puts them to use.

Now take the four digits of the year one by one. How much of the weight is on the *very digit* that is being written?
''')
code('''
begins = right_part[:, 0].int().argmax(1)  # the column where the year begins
rows = weights.mean(1).cpu()
own = [rows[torch.arange(ASKED), i, begins + i].mean().item() for i in range(4)]
names = [f"{place} digit" for place in ("first", "second", "third", "fourth")]
bars(names, [100 * share for share in own], "per cent of the weight on that very digit", form="{:.0f}")
''', caption="The digits of the year are not looked up with equal care.", alt="Four bars: of the weight with which the second digit of the year is written, far less lies on that digit of the source than for the other three.")
code('''
assert own[1] < 0.4 and own[1] < min(own[0], own[2], own[3])
''')
md(r'''
The second digit is hardly looked at. Is the map wrong? Think of what the model was shown: years from 1900 to 2099. Who
has written a 1 goes on with 9, and who has written a 2 goes on with 0. The source need not be asked. If that is what the
map tells us, then it makes a **prediction that can fail**: a year like 1850 must come out as 1950.
''')
code('''
days = [date(1800 + i // 4, 1 + i % 12, 1 + i % 28) for i in range(400)]  # none of them was ever shown
strange = [f"{day.day:02}/{day.month:02}/{day.year}" for day in days]

def translate(texts):
    rows = [vocabulary.encode(text.ljust(longest, UNKNOWN)) for text in texts]
    return [vocabulary.decode(row) for row in model.translate(torch.stack(rows).to(device)).cpu()]

begin = Counter(answer[:2] for answer in translate(strange))
print(translate(["17/06/1850", "24/12/1815"]), begin.most_common(4))
''', tags=IGN)
code('''
assert begin["18"] < 20  # of 400
assert begin["19"] + begin["20"] > 250
''')
md(r'''
So it does. The century of an old date is not read, it is known, and wrongly. A user who tried a handful of modern dates
would never have noticed; the weights gave it away.

## One letter for a name

Back to the month. Its rows shine on a *single letter*. Which one?
''')
code('''
most = weights.mean(1)[:, PARTS["month"][-1]].argmax(1).tolist()  # by the month's second digit
letters = {name: Counter() for name in NAMES}
for text, answer, column in zip(texts, answers, most):
    name = NAMES[int(answer[5:7]) - 1]
    if name in text:
        letters[name][text[column]] += 1
for name, count in letters.items():
    print(f"{name:10}", ", ".join(f"{letter} {n / count.total():.0%}" for letter, n in count.most_common(2)))
''', tags=IGN)
code('''
favourites = [count.most_common(1)[0] for count in letters.values()]
assert fmean(n / count.total() for (_, n), count in zip(favourites, letters.values())) > 0.6
assert len({letter for letter, _ in favourites}) < 12  # some months share theirs
''')
md(r'''
It has its favourite for each. But some months share theirs, and the answer is right all the same. The map shows where the decoder *looks*. It does not show what it finds there: the encoder has been at
work before, and what stands at that place is no longer the letter but a vector that has gathered the name around it.
**A position is not its token.**

We can test that as well. Leave the decoder *only that one place* of the month's name and hide the other letters from
it. Then do the same one step earlier: hide the other letters from the *encoder*. We ask for the dates whose month is
read from a letter that another month shares.
''')
code('''
source, given = tokens[:, :longest], tokens[:, longest:]

@torch.no_grad()
def right_without(hidden, encoder_too=False):
    \"\"\"Which characters come out right when some places are hidden from the decoder, or from both.\"\"\"
    memory, mask = model.encode(source.masked_fill(hidden, 0) if encoder_too else source)
    return model.decode(given, memory, mask & ~hidden[:, None, None]).argmax(2) == targets

def share(right, part, some=slice(None)):
    return right[some, PARTS[part].start : PARTS[part].stop].all(1).float().mean().item()
''')
code('''
shared = {letter for letter, n in Counter(letter for letter, _ in favourites).items() if n > 1}
spelled = [any(name[:3] in text for name in NAMES) for text in texts]
doubtful = [s and text[column] in shared for s, text, column in zip(spelled, texts, most)]
doubtful = torch.tensor(doubtful)  # dates whose month is read from a letter that others share

name_of = right_part[:, PARTS["month"].start].to(device)
others = name_of & ~F.one_hot(torch.tensor(most, device=device), longest).bool()

alone = {who: share(right_without(others, who == "encoder"), "month", doubtful) for who in ("decoder", "encoder")}
for who, part in alone.items():
    print(f"all but one letter hidden from the {who}: the month is right in {part:.0%} of {doubtful.sum():,}")
''', tags=IGN)
code('''
assert doubtful.sum() > 300 and alone["decoder"] > 0.6 and alone["decoder"] > 1.4 * alone["encoder"]
''')
md(r'''
With one place left to look at, the decoder mostly still knows which month it is. With one letter left to read, the
encoder can only guess among those that share it. So the name was put together *before* the decoder looked. In a network of many layers this happens again and again. Whoever
says that a model "attends to a word" speaks of a place, and what is in it has come from everywhere.

## Does it need what it looks at?

So far we have only watched. Now we interfere, twice. First, hide one part of the source from the decoder. If the
alignment means what it seems to mean, the matching part of the answer must suffer, and nothing else.
''')
code('''
print("right:            ", *(f"{part:>6}" for part in PARTS))
lesions = {}
for part, rows in PARTS.items():
    left = right_without(right_part[:, rows.start].to(device))
    lesions[part] = [share(left, other) for other in PARTS]
    print(f"{part + ' hidden':18}", *(f"{s:6.0%}" for s in lesions[part]))
''', tags=IGN)
code('''
for i, part in enumerate(PARTS):
    assert lesions[part][i] < 0.35
    assert min(s for j, s in enumerate(lesions[part]) if j != i) > 0.85
''')
md(r'''
It does. What is left of the hidden part is what can be guessed, and what has leaked to the places beside. The rest is
untouched.

Second, a transplant. Take two dates of the same form, and put the encoder's vectors for *one part of the second* into
the first. The decoder must then write the first date with that part exchanged: a date that was in neither source.
''')
code('''
layouts = {}
for i, (text, answer) in enumerate(zip(texts, answers)):
    layouts.setdefault(str(whereabouts(text, answer)), []).append(i)
pairs = [pair for group in layouts.values() for pair in zip(group[::2], group[1::2])]
host, donor = torch.tensor(pairs, device=device).T

@torch.no_grad()
def transplant(part):
    (memory, mask), (others, _) = model.encode(source[host]), model.encode(source[donor])
    place = right_part.to(device)[host, PARTS[part].start]
    memory, written = torch.where(place[..., None], others, memory), source.new_zeros(len(host), 1)
    for _ in range(10):
        written = torch.cat([written, model.decode(written, memory, mask)[:, -1:].argmax(2)], 1)
    return written[:, 1:]
''')
code('''
swapped = {}
for part, rows in PARTS.items():
    wanted, written = targets[host].clone(), transplant(part)
    wanted[:, rows.start : rows.stop] = targets[donor][:, rows.start : rows.stop]
    swapped[part] = (written == wanted).all(1).float().mean().item()
    example = f"{texts[host[0]]} with the {part} of {texts[donor[0]]}: {read(written[0])}"
    print(f"{part:5} {swapped[part]:4.0%} of {len(host):,}; {example}")
''', tags=IGN)
code('''
assert len(host) > 500 and min(swapped.values()) > 0.6
''')
md(r'''
That is the strongest of our tests. The weights pointed at some places; the vectors *in* those places carry the part,
wherever the rest of the sentence came from. Each test could have failed. The next notebook but one back, on
[heads](heads), shows attention where such tests do fail.
''')
md(r'''
## An image as a sequence

Attention takes vectors, as many as you like, and does not ask what they are. So what else can be written as vectors?
An image can. {cite:t}`dosovitskiy2021image` cut it into square **patches**, made each of them a vector, and gave the
vectors to an encoder as it was. The network is called a *vision Transformer*, ViT for short.

Our images are the digits of the [chapter on convolutions](../cnn/index), 28 × 28 pixels, cut into patches of 4 × 4:
''')
code('''
images = digits(device=device)
digit = images.test.images[:1]
patches(digit[0, 0], side=7)
''', caption="What a vision Transformer reads: 49 patches of 16 numbers, row by row.", alt="A handwritten digit of 28 by 28 pixels, and the same cut into seven rows of seven numbered squares with gaps between them.")
code('''
Code(inspect.getsource(ViT.forward), language="python")
''')
md(r'''
Three steps, and only the first is new.

1. Each patch becomes a vector, by one matrix that is the same for all of them.
2. A vector that belongs to no patch goes before them, the **class token**. It begins the same for every image and has
   three layers to collect what it needs; the class is read where it stood. To every place its own learned vector is
   added, as in the [GPT](gpt).
3. The rest is the encoder.

The first step is written with `nn.Conv2d`. Is it a convolution, after all? Cut the patches out by hand and multiply:
''')
code('''
def vit(seed):
    torch.manual_seed(seed)
    return ViT(ViTConfig(patch=4, width=32, heads=4, layers=3)).to(device).eval()

seer = vit(0)
cut = F.unfold(images.test.images[:5], 4, stride=4).mT  # (b, 49, 16): the patches as rows of pixels
matrix = seer.patches.weight.flatten(1)  # (32, 16)
vectors = cut @ matrix.T + seer.patches.bias
assert_close(vectors, seer.patches(images.test.images[:5]).flatten(2).mT, atol=1e-5, rtol=1e-5)
print(*cut.shape[1:], "→", *vectors.shape[1:])
''')
md(r'''
It is one whose stride is as long as its kernel, so that no two windows overlap. It is also the only convolution in the
network, and there it ends with what is taken for granted. A `ConvNet` is told in every layer that neighbours belong
together, and that what is worth finding here is worth finding there. The Transformer behind the patches is told
neither: to attention, the 49 vectors are a *set*. If we shuffle the patches, and the places' vectors with them, nothing
changes at all:
''')
code('''
order = torch.randperm(49, generator=torch.Generator().manual_seed(0))

def shuffle_patches(images):
    cut = F.unfold(images, 4, stride=4)  # (b, 16, 49)
    return F.fold(cut[..., order.to(images.device)], 28, 4, stride=4)

moved = vit(0)
moved.places.vectors.data[1:] = seer.places.vectors.data[1:][order]
some = images.test.images[:64]
with torch.no_grad():
    assert_close(moved(shuffle_patches(some)), seer(some), atol=1e-5, rtol=1e-5)
    assert (seer(shuffle_patches(some)) - seer(some)).abs().max() > 0.01
''')
md(r'''
That holds in training, too. The places' vectors are drawn by lot in the beginning, so one order is as good as any other.
Show a ViT images whose patches are all shuffled in the same way, and it learns *exactly as well*. Which patches are
neighbours, it has to find out. Hold on to that: we shall see what it finds.

## Equal cost

Before we compare, let us settle at what price. The [chapter on convolutions](../cnn/network) counts multiply–adds. For
an encoder layer of width $d$ on $t$ places:

- the matrices: $4d^2$ a place in the attention, $8d^2$ in the feed-forward part, together $12\,t\,d^2$;
- each query times each key, and each weight times each value: $2\,t^2 d$.

''')
code('''
def multiply_adds(config):
    t, d = 1 + config.side**2, config.width
    layer = 12 * t * d**2 + 2 * t**2 * d
    return (t - 1) * config.patch**2 * config.channels * d + config.layers * layer + d * config.classes

def counted(model, example):
    with capture(model, "*self_attn.weights"), FlopCounterMode(display=False) as counter, torch.no_grad():
        model(example)  # watched, so that no fused kernel hides what it does
    return counter.get_total_flops() // 2

convnet = ConvNet().to(device).eval()
price = {"ViT": multiply_adds(seer.config), "ConvNet": sum(c.multiply_adds for c in layer_costs(convnet, digit))}
for name, model_ in (("ViT", seer), ("ConvNet", convnet)):
    print(f"{name:8} {sum(p.numel() for p in model_.parameters()):,} parameters, {price[name]:,} multiply–adds")
assert counted(seer, digit) == price["ViT"]
assert abs(price["ViT"] / price["ConvNet"] - 1) < 0.05
''')
md(r'''
We chose the width so that both networks cost the same. Now train both on the 1,437 digits, with the same recipe: the
source document's, ten epochs of Adam. Beside them, as always, a support vector machine.
''')
code('''
def learn(model, epochs=10):
    batches = Batches(images.train.images, images.train.labels, 64, epochs)
    return [step.loss for step in fit(model, batches, Recipe())]

torch.manual_seed(0)
convnet = ConvNet().to(device)
losses = {"ViT": learn(seer), "ConvNet": learn(convnet)}
''')
code('''
test, labels = images.test.images, images.test.labels
svm = SVC(C=10).fit(images.train.images.flatten(1).cpu(), images.train.labels.cpu())
right = {name: evaluate(each, test, labels).accuracy for name, each in (("ViT", seer), ("ConvNet", convnet))}
right["SVM"] = svm.score(test.flatten(1).cpu(), labels.cpu())
for name, part in right.items():
    print(f"{name:8} {part:.1%} of the 360 digits kept back")
''', tags=IGN)
code('''
assert right["ViT"] < right["ConvNet"] + 0.01 and right["ConvNet"] < right["SVM"]
''')
md(r'''
The Transformer comes in last, on these few digits and with this recipe. Does it catch up with more of them? The same on
all 60,000 of MNIST takes longer than a notebook may; it was done once, with three seeds.
''')
code('''
def stored(name):
    return json.loads((RESULTS / f"{name}.json").read_text())

full = {"ViT": stored("mnist-vit"), "ConvNet": stored("mnist-cnn"), "ResNet": stored("mnist-resnet")}
rivals = {row["name"]: row["accuracy"] for row in stored("mnist-baselines")["results"]}
for name in ("ViT", "ConvNet"):
    run = full[name]
    spread = f"{min(run['accuracy']):.2%} to {max(run['accuracy']):.2%}"
    print(f"{name:20} {run['mean_accuracy']:.2%} ({spread})")
for name, accuracy in rivals.items():
    print(f"{name:20} {accuracy:.2%}")
''')
code('''
few = stored("vit")  # of which more below

def seconds(model):
    return fmean(run["cpu_seconds"] for run in few["runs"] if run["model"] == model)

slower = seconds("ViT") / seconds("ConvNet")
assert full["ViT"]["recipe"] == full["ConvNet"]["recipe"]
assert max(full["ViT"]["accuracy"]) < rivals["SVM with RBF kernel"] < min(full["ConvNet"]["accuracy"])
assert slower > 1.3
print(f"side by side on one machine, a step of the ViT takes {slower:.1f} times as long")
''')
md(r'''
Two honest results. Even with all of MNIST the ViT stays behind the convolutional network, and behind the support vector
machine. And *equal cost* was equal in multiply–adds only: the ViT takes longer. Its matrices are small, and between them
stand softmaxes, normalisations and sums, which are no multiply–adds and still take their time. Whoever reports a cost
should say which.

A part of the gap is the recipe, as [residual networks](../cnn/after) showed before. The ViT that waits for your drawing
below was shown every digit in a new pose each time, with a learning rate that falls, and reached this:
''')
code('''
page = json.loads((CHECKPOINTS / "vit.json").read_text())
print(f"{page['accuracy']:.2%} of MNIST's test digits; the ResNet: {full['ResNet']['mean_accuracy']:.2%}")
assert max(full["ViT"]["accuracy"]) + 0.01 < page["accuracy"]
assert abs(page["accuracy"] - full["ConvNet"]["mean_accuracy"]) < 0.005
assert min(full["ResNet"]["accuracy"]) > page["accuracy"] + 0.003
''')
md(r'''
That is the `ConvNet` of the plain recipe, to a fraction of a per cent. Give the convolutions as much help, and they are
ahead again: the small `ResNet` of that chapter, at about the same cost, reached more, with nothing but digits moved by two pixels.
''')
md(r'''
## Fewer digits, other orders

If a ViT has to find out what a convolution is told, then the gap should be widest where there is least to learn from. So
we took 100, 1,000 and 10,000 digits of MNIST, gave both networks the same recipe (a falling rate, which suits both) and
as many steps, and asked for all 10,000 test digits.
''')
code('''
def accuracies(model, amount, order="as they are"):
    wanted = {"model": model, "digits": amount, "order": order}
    return [run["accuracy"] for run in few["runs"] if wanted.items() <= run.items()]

AMOUNTS = sorted({run["digits"] for run in few["runs"]})
MODELS = ("ConvNet", "SVM", "ViT")
series = {model: list(zip(*(accuracies(model, amount) for amount in AMOUNTS))) for model in MODELS}
powers = [len(str(amount)) - 1 for amount in AMOUNTS]
figure = curves(powers, series, "digits to learn from: 10 to the power of", "right, of 10,000", percent=True)
figure.axes[0].set_xticks(powers)
figure
''', caption="Three seeds, each with other digits to learn from: mean and range.", alt="Accuracy against the number of digits to learn from, 100, 1,000 and 10,000. The ConvNet is on top, the SVM next, the ViT last; the gap is widest at 100 digits.")
code('''
gaps = [fmean(accuracies("ConvNet", n)) - fmean(accuracies("ViT", n)) for n in AMOUNTS]
print("the ViT is behind by", ", ".join(f"{gap:.1%}" for gap in gaps))
assert gaps[0] > gaps[1] > gaps[2] > 0
''')
md(r'''
The convolution's assumptions are worth a lot when there is little to learn from, and less and less as there is more.
Dosovitskiy and his colleagues saw the same at a thousand times the size: with about a million photographs their ViT
stayed behind residual networks, with hundreds of millions it went past them. Later work got far without so much data, with
stronger augmentation and a convolutional network as a teacher {cite:p}`touvron2021training`: assumptions come in
through the data, if not through the architecture.

The second test turns the assumption into a lie. Shuffle all images in one and the same way: first their patches, then
their pixels. The [last notebook on convolutions](../cnn/after) did the latter. What do you expect of the ViT?
''')
code('''
ORDERS = ("as they are", "patches", "pixels")
named = {f"{model}, {order}": accuracies(model, 1000, order) for model in MODELS for order in ORDERS}
per_cent = [[100 * runs[seed] for runs in named.values()] for seed in range(3)]
bars([*named], per_cent, "per cent right of 10,000", form="{:.1f}")
''', caption="1,000 digits to learn from: as they are, with their patches shuffled, with their pixels shuffled.", alt="Nine bars. The SVM is the same in all three orders. The ViT is the same with shuffled patches and worse with shuffled pixels. The ConvNet loses with both.")
code('''
mean = {name: fmean(runs) for name, runs in named.items()}
lost = {m: {o: mean[f"{m}, as they are"] - mean[f"{m}, {o}"] for o in ORDERS} for m in MODELS}
assert abs(lost["SVM"]["patches"]) < 1e-3 and abs(lost["SVM"]["pixels"]) < 1e-3
assert abs(lost["ViT"]["patches"]) < 0.012
''')
md(r'''
## Draw one

Now draw. The ViT behind this board has learned from MNIST and from our digits, each resized, turned and moved anew every
time. Point at a patch, and all twelve heads show where that patch looks. The square above the image is the class token;
point there to see what the answer is made from.
''')
code('''
drawn_for = ViT(ViTConfig(**page["model"])).to(device).eval()
load_weights(CHECKPOINTS / "vit.safetensors", drawn_for)

framed = F.pad(digits(20, device=device).test.images, (4,) * 4)  # small digits in the middle of the frame
picks = torch.cat([(labels == label).nonzero().flatten()[:2] for label in range(10)])
explorer = PatchAttentionExplorer(framed[picks].cpu(), images.names, labels[picks].cpu())
watched = Watched(drawn_for, "layers.*.self_attn.weights")
live(explorer, watched, {"image": framed[picks[8:9]]})
''')
md(r'''
Some things to try:

- Move the drawing by one pixel with the arrows, then by four. What changes when a stroke crosses the border of a patch?
- Ask an empty patch in a corner where it looks, in each layer. Ask one on the stroke.
- In which layer does the class token look at the ink, and in which at the paper?
- Erase the part that the class token looks at most. Does the answer fall?

For print, and to have numbers at hand, the same as a figure:
''')
code('''
with capture(drawn_for, "layers.*.self_attn.weights") as seen, torch.no_grad():
    logits = drawn_for(framed)
gaze = torch.stack([*seen.values()], 1).cpu()  # (b, layer, head, from, to)
gaze_sheet(framed[picks[8], 0], gaze[picks[8], :, :, 25], asks=25)
''', caption="Where the patch in the middle looks (outlined in blue), by layer and head. The darker the orange, the larger the weight.", alt="Twelve small pictures of a handwritten 4 cut into patches, in three rows of four. In the first layer the colour is spread; in the second it lies on patches near the outlined one and on the stroke; in the third it differs by head.")
md(r'''
## What the places learned

Nobody told the network which patches are neighbours. All it has is one vector for each place, drawn by lot at first. If
it has found out that places lie on a grid, then the vectors of neighbouring places should have become alike. For every
place, compare its vector with all others:
''')
code('''
def alike(model):
    vectors = model.places.vectors[1:].detach().cpu()
    return F.cosine_similarity(vectors[:, None], vectors[None], dim=2)

likeness(alike(drawn_for), side=7)
''', caption="One small map for each of the 49 places: how much its vector is like those of the other places.", alt="Seven by seven small maps of seven by seven cells. In each map the cell of the place itself is red, its neighbours are light red, and cells further away are white or blue: the red spot moves across the maps as the place does.")
md(r'''
The red spot sits in each map where the place lies, and fades with the distance. The grid is in the vectors, and it came
from the digits alone. {cite:t}`dosovitskiy2021image` show the same figure for photographs.

But *what* in the digits taught it? Two more networks give the answer. One is the ViT from above, which learned from our digits
as they are. The other is that of the MNIST runs, with forty times as many digits, none of which ever moved.
''')
code('''
grid = torch.cartesian_prod(torch.arange(7.0), torch.arange(7.0))
apart = torch.cdist(grid, grid)

def by_distance(table):
    return [table[apart.round() == d].mean().item() for d in range(1, 7)]

still = stored("vit")["places"]  # of the three MNIST runs
found = {
    "moved digits": by_distance(alike(drawn_for)),
    "MNIST, as it is": still,
    "our digits, as they are": by_distance(alike(seer)),
    "untrained": by_distance(alike(vit(0))),
}
curves(range(1, 7), found, "distance of two places, in patches", "likeness of their vectors")
''', caption="Mean cosine of the angle between the vectors of two places. Band: three seeds.", alt="Likeness against distance from one to six patches. For the network trained on moved digits it falls from about 0.7 at one patch to below zero from three patches on; for the others it stays near zero, with a small bump at distance one for MNIST.")
code('''
assert found["moved digits"][0] > 0.5 > 0 > found["moved digits"][3]
assert max(run[0] for run in still) < 0.3 and abs(found["untrained"][0]) < 0.1
assert abs(found["our digits, as they are"][0]) < 0.2
''')
md(r'''
Hardly a trace of the grid in the networks whose digits never moved, not even after 600,000 of them. It pays to know
that two places are neighbours only where a stroke may lie in the one today and in the other tomorrow. What moves is what
teaches the grid. To the convolution, that was given.

## How far they look

A convolution's reach is fixed: one pixel to each side in the first layer. A head may look anywhere. How far does it? Take
the distance between the patch that looks and those it looks at, weighted by the weights.
''')
code('''
def reach(model):
    with capture(model, "layers.*.self_attn.weights") as seen, torch.no_grad():
        model(framed)
    weights = torch.stack([each.mean(0).cpu() for each in seen.values()])[..., 1:, 1:]  # (layer, head, from, to)
    return ((weights * apart).sum(-1) / weights.sum(-1)).mean(-1)

far, blind = reach(drawn_for), reach(vit(0))
for layer in range(3):
    print(f"layer {layer + 1}:", *(f"{r:.1f}" for r in far[layer]), " untrained:", *(f"{r:.1f}" for r in blind[layer]))
window = apart[24][apart[24] < 1.5].mean()
print(f"evenly over the image: {apart.mean():.1f} patches; evenly over a window of 3 × 3: {window:.1f}")
''', tags=IGN)
code('''
assert (blind - apart.mean()).abs().max() < 0.2
assert far.max() < apart.mean() - 0.1 and far[1].mean() < min(far[0].mean(), far[2].mean())
assert far.min() > 2 * window
''')
md(r'''
Trained, every head looks nearer by than even weights would, those of the second layer most. But none of them comes near a
convolution's window. Images taught the network that the neighbourhood matters. They did not teach it to look nowhere
else, and they did not make it begin there: the first layer reaches furthest. (In ViTs that learned from many
millions of photographs, some heads of the first layers look near by and others far {cite:p}`dosovitskiy2021image`.)

## Is what it looks at what it goes by?

The class token's weights look like an explanation: *it is a 4 because of these patches*. We know how to test such a claim.
Take patches away, those with the largest weights first, and see how fast the answer falls. Against three rivals: inked
patches by lot, the patches with most ink, and gradient × image, which did well on
[feature maps](../cnn/feature_maps).
''')
code('''
ink = F.avg_pool2d(framed, 4).flatten(1)
pixels = framed.clone().requires_grad_()
(slope,) = torch.autograd.grad(drawn_for(pixels).gather(1, labels[:, None]).sum(), pixels)
rankings = {
    "inked patches, by lot": torch.rand(ink.shape, generator=torch.Generator().manual_seed(0)).to(device) * (ink > 0),
    "most ink": ink,
    "weights of the class token": gaze[:, -1, :, 0, 1:].mean(1).to(device),
    "gradient × image": F.avg_pool2d(slope * framed, 4).flatten(1),
}

@torch.no_grad()
def without(ranking, count):
    kept = torch.ones_like(ranking).scatter(1, ranking.topk(count).indices, 0.0) if count else torch.ones_like(ranking)
    masked = framed * F.interpolate(kept.view(-1, 1, 7, 7), scale_factor=4)
    return (drawn_for(masked).argmax(1) == labels).float().mean().item()
''')
code('''
taken = [0, 1, 2, 4, 6, 8]
fall = {name: [without(ranking, count) for count in taken] for name, ranking in rankings.items()}
curves(taken, fall, "patches erased, of 49", "right, of 360", percent=True)
''', caption="Erasing patches in the order of four rankings.", alt="Accuracy against the number of erased patches. It falls slowest for inked patches by lot, and fastest for gradient times image; the class token's weights and the amount of ink lie between, close to each other.")
code('''
at_four = {name: values[taken.index(4)] for name, values in fall.items()}
assert at_four["inked patches, by lot"] > at_four["most ink"] + 0.08
assert abs(at_four["weights of the class token"] - at_four["most ink"]) < 0.12
assert at_four["gradient × image"] < min(at_four["most ink"], at_four["weights of the class token"]) - 0.1
''')
md(r'''
The weights of the class token are better than chance. But they are no better than counting ink, and a plain gradient,
which knows nothing of attention, is better than both. The reason is that of the month's letter: when the class token
looks at a patch in the last layer, the patch has long collected what it needs from others. In the translator, with one
layer, weights and use went together. Here they do not. A weight says where something was fetched, not what it was.

## What we saw

- In cross-attention the queries come from what is written, keys and values from what is read. The weights are an
  alignment that nobody taught.
- The alignment got a score and controls, and passed: hiding a part damages that part alone, and a transplanted part
  arrives in the answer. It even predicted an error, the years of other centuries.
- What stands at a place is more than its token. One letter was enough for a month, after the encoder; not before.
- An image is a sequence of patches, and making it one is a convolution whose windows do not overlap. After that, a
  Transformer knows no neighbours.
- At equal multiply–adds the ViT lost to the `ConvNet` and to the support vector machine, most where digits were fewest,
  and took longer. Shuffled patches are all the same to it.
- It learned the grid from digits that move, and hardly from digits that do not.
- The class token's weights explain the answer no better than the ink does.

## What the source document says

It names machine translation among the successes of large models, and says that the Transformer serves images as well as
text. Both are true, and it shows neither. Two things in its program come close. It has three embeddings, one each for
queries, keys and values. That looks like attention between different sequences, but all three are given the *same*
tokens, so it is self-attention. And it flattens all places before the last layer, which gives the classifier weights of
its own for each place. That is why it works at all without positions: as in our `ConvNet`, the order of things is
learned by the classifier, not by the attention. A ViT, which reads one single place, could not do without them; an
exercise tries.
''')
md(r'''
## Exercises

```{exercise} Whose is whose?
:label: transformer-beyond-shapes

A translator reads a source of 29 characters and has written 4. Width 64, 4 heads. What are the shapes of queries, keys,
values and weights in the cross-attention of its decoder? Which of them change when the fifth character is written?
```

````{solution} transformer-beyond-shapes
Queries `(1, 4, 4, 16)`: batch, heads, places written, width of a head. Keys and values `(1, 4, 29, 16)`, weights
`(1, 4, 4, 29)`. With the fifth character, queries and weights get one row more. Keys and values stay as they are: the
source is encoded once, and they can be kept.
````

```{exercise} Half the patch
:label: transformer-beyond-patch

Somebody wants to see more detail and takes patches of 2 × 2 in place of 4 × 4. By what factor grow the places, the
weights of one head, and the multiply–adds of a layer of width 32?
```

````{solution} transformer-beyond-patch
The places grow from 50 to 197, nearly fourfold, the weights with their square, $197^2 / 50^2 \approx 15.5$. A layer
costs $12\,t\,d^2 + 2\,t^2 d$: from 0.77 to 4.9 million multiply–adds, 6.3 times as many. With 4 × 4 the second term is a
fifth of the first; with 2 × 2 they are equal. That is why the patches of large ViTs are as large as 16 × 16 pixels.
````
''')
md(r'''
```{exercise-start} Attention that cannot choose
:label: transformer-beyond-even
```
Replace the weights of the trained cross-attention by even ones, over all places of the source that are no filling. What is
left of the dates? Which characters survive, and why?
```{exercise-end}
```
''')
md(r'''
```{solution-start} transformer-beyond-even
:class: dropdown
```
A hook that returns something replaces what its module returned.
''')
code('''
def spread(module, args, weights):
    return (weights > 0) / (weights > 0).sum(-1, keepdim=True)

hook = model.decoder[0].multihead_attn.weights.register_forward_hook(spread)
left = predict(model, tokens).argmax(2) == targets
hook.remove()
assert left.all(1).float().mean() < 0.01
assert left[:, [4, 7]].all() and left[:, 1].float().mean() > 0.9  # hyphens; the second digit of the year
''')
md(r'''
No date is left, but for accidents. The hyphens survive, for they stand in the same place in every answer, and the second
digit of the year, which follows from the first. These are the very characters for which the weights were not on any
part of the source.
```{solution-end}
```
''')
md(r'''
```{exercise-start} A form it never saw
:label: transformer-beyond-form
```
Give the translator `May 3 1999`, `3 May, 1999`, `3 may 1999` and `1999-05-03`. Which of them does it translate? Look at the
weights of one that goes wrong. (Small letters at the beginning of a month occur nowhere in what it learned.)
```{exercise-end}
```
''')
md(r'''
```{solution-start} transformer-beyond-form
:class: dropdown
```
''')
code('''
forms = ["May 3 1999", "3 May, 1999", "3 may 1999", "1999-05-03"]
for form, answer in zip(forms, translate(forms)):
    print(f"{form:12} {answer}")
''', tags=IGN)
code('''
assert sum(answer == "1999-05-03" for answer in translate(forms)) < len(forms)
''')
md(r'''
A comma more or less often does no harm. A new order or a small *m* often does, and even a date that is already in the
wanted form may not survive. The network has not learned what a month is. It has learned to look for it in six forms. Draw
the map with `alignment(...)` and you will mostly find the row of the month without a bright cell.
```{solution-end}
```
''')
md(r'''
```{exercise-start} Without places
:label: transformer-beyond-places
```
Take the ViT that learned from our digits and set the vectors of all 49 places to their mean. How many digits does it still
read? Then train one from the start whose places are all alike and stay so. Is a bag of patches enough to read digits?
```{exercise-end}
```
''')
md(r'''
```{solution-start} transformer-beyond-places
:class: dropdown
```
''')
code('''
bag = vit(0)
bag.load_state_dict(seer.state_dict())
bag.places.vectors.data[1:] = seer.places.vectors.data[1:].mean(0)
lost = evaluate(bag, test, labels).accuracy

learner = vit(0)
learner.places.vectors.requires_grad_(False)[1:] = 0
learn(learner, epochs=5)
learned = evaluate(learner, test, labels).accuracy
assert lost < 0.65 and 0.25 < learned < right["ViT"] - 0.15
''')
md(r'''
Print `lost` and `learned`. The first network relied on its places and is lost without them. The second has only half as
many epochs, and makes do with *which* patches there are, in whatever order. It gets several times further than guessing: a
bow that opens to the left, the end of a stroke, a crossing tell a lot. But a bag of patches cannot know what is
above what.
```{solution-end}
```
''')
md(r'''
```{exercise-start} Read it elsewhere
:label: transformer-beyond-mean
```
The class is read at the class token. Is that needed? Freeze the network of the drawings, take the *mean* of the 49 patches
behind the last layer, and fit a logistic regression on it. Compare with one on the class token, and with one on the mean of the
patches *before* the first layer.
```{exercise-end}
```
''')
md(r'''
```{solution-start} transformer-beyond-mean
:class: dropdown
```
''')
code('''
both = torch.cat([digits(20, device=device).train.images, digits(20, device=device).test.images])
with capture(drawn_for, "patches", "layers.2") as seen, torch.no_grad():
    drawn_for(F.pad(both, (4,) * 4))
views = {
    "class token": seen["layers.2"][:, 0],
    "mean behind": seen["layers.2"][:, 1:].mean(1),
    "mean before": seen["patches"].flatten(2).mean(2),
}
known = len(images.train)
read_off = {}
for name, view in views.items():
    fitted = LogisticRegression(max_iter=2000).fit(view[:known].cpu(), images.train.labels.cpu())
    read_off[name] = fitted.score(view[known:].cpu(), labels.cpu())
assert read_off["mean before"] < 0.75 < 0.85 < read_off["mean behind"]
assert abs(read_off["mean behind"] - read_off["class token"]) < 0.1
''')
md(r'''
Print `read_off`. The mean of the patches knows nearly as much as the class token, though nobody ever trained it to. Many
later ViTs have no class token at all and read the mean.
```{solution-end}
```
''')
md(r'''
```{exercise-start} A better price
:label: transformer-beyond-better
```
Open question. Our ViT lost at equal cost. Can you find one that does not, with at most 2.5 million multiply–adds, on our
digits? You may change patch, width, heads, layers, recipe, and show it moved digits. Choose on a part of the *training*
digits, with three seeds, and ask the test digits once.
```{exercise-end}
```
''')
md(r'''
```{solution-start} transformer-beyond-better
:class: dropdown
```
Larger patches leave fewer places, so that the same price buys a wider network. As a beginning:
''')
code('''
wide = ViTConfig(patch=7, width=64, heads=4, layers=2)
assert multiply_adds(wide) < 2.5e6
torch.manual_seed(0)
candidate = ViT(wide).to(device)
kept_back = images.train.images[-300:], images.train.labels[-300:]
batches = Batches(images.train.images[:-300], images.train.labels[:-300], 64, epochs=8)
for step in fit(candidate, batches, Recipe(3e-3, schedule="cosine", warmup=30)):
    pass
assert evaluate(candidate, *kept_back).accuracy > 0.88
''')
md(r'''
It costs less than ours, trains in half the time, and is no worse. What helped us most was to move the digits. All the
same, none of ours has passed the `ConvNet` on so few digits when that was given the same help.
```{solution-end}
```
''')
# ---- write ----
nb=new_notebook(cells=cells, metadata={"kernelspec":{"display_name":"Python 3 (ipykernel)","language":"python","name":"python3"},"language_info":{"name":"python","file_extension":".py","mimetype":"text/x-python","pygments_lexer":"ipython3"}})
nbformat.write(nb, "chapters/transformer/beyond.ipynb")
