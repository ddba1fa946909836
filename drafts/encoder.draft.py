md(r'''
# From attention to the Transformer

*What does attention lack, that nobody uses it alone?*

The last notebook ended with a formula that finds anything in a text in one step. The source document stops there: it
puts attention between three embeddings and a dense layer, and calls that a Transformer. What is missing are four
parts that look like mere plumbing. Here you repair the source's program, train it, and then build what is missing,
one part at a time {cite:p}`vaswani2017attention`. Each part gets a measurement of what it is worth. On the source's
kind of task the answers are not what you would expect, so each also gets a task on which nothing works without it.

You will be able to

- find the errors in a program of attention, and say which of them no test of its results could have found;
- give attention an order in three ways, and say what each promises;
- say what becomes of a text that passes through six layers of attention and nothing else;
- write a layer of a Transformer, and prove it equal to PyTorch's, forward and backward;
- measure what a part is worth, by adding it and by leaving it out, and say why the two differ;
- find out what a trained classifier uses, and what it does not.
''')
code(r'''
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
code(r'''
import inspect
import json
from pathlib import Path
from statistics import fmean
from textwrap import fill

import torch
import torch.nn.functional as F
from IPython.display import Code
from torch import nn
from torch.testing import assert_close
''')
code(r'''
from largemodels.capture import capture
from largemodels.data import Batches, package_windows
from largemodels.device import fast_bfloat16, pick_device
from largemodels.layers import attention, attention_weights, layer_norm, rotate, sinusoidal
from largemodels.models import AttentionClassifier, AttentionClassifierConfig
from largemodels.models import TransformerEncoder, TransformerEncoderConfig
from largemodels.models.transformer import EncoderLayer
from largemodels.show import against_distance, along_tokens, bars, curves
from largemodels.show import encoder_layer, gate_sheet, score_table, turned, word_map
from largemodels.train import Recipe, evaluate, fit
''')
code(r'''
EPOCHS, BATCH = 3, 64
SEEDS = (0, 1, 2)
RESULTS = Path("../../results")
torch.manual_seed(0)
device = pick_device()
precision = "bfloat16" if fast_bfloat16(device) else "float32"
''')

md(r'''
## The source's program

In words: sequences of any length, with 100 features a step. Three embeddings of them, 10,000 × 64 each, as query, key
and value. Attention with 8 heads. A dense layer of 64 units with ReLU; flatten; a dense layer of 10 units with
softmax. Trained as in the chapters before. As printed it does not run. Here is what is wrong.

**1. The input is nothing that can be looked up.** An embedding is a table, and takes the number of a row. The program
hands it 100 features a step, and features are numbers like 0.3.
''')
code(r'''
table = nn.Embedding(10_000, 64)
try:
    table(torch.rand(7, 13, 100))
except RuntimeError as error:
    print(f"features: {str(error)[:61]} …")

numbers = torch.randint(10_000, (7, 13, 100))
print("whole numbers, 13 × 100:", tuple(table(numbers).shape))
print("whole numbers, 100:     ", tuple(table(numbers[:, 0]).shape))
''')
md(r'''
PyTorch refuses. Keras does worse: it [rounds towards
zero](https://github.com/keras-team/keras/blob/master/keras/src/layers/core/embedding.py) without a word, and a feature
of 0.3 becomes token 0. And whole numbers are not enough, either: 13 steps of 100 tokens make an array with one axis
too many. The 100 must be the *length*. Then `Flatten` has a fixed size as well, which it had not before.

**2. The layer has no heads.** The program says `Attention(num_heads=8)`. Keras has two layers: `MultiHeadAttention`,
and `Attention`, which takes no such argument. That one has no weights at all: no $W^Q$, no $W^K$, no $W^V$, no $W^O$.
The function of torch that matches it says the same:
''')
code(r'''
q, k, v = torch.randn(3, 7, 100, 64)
try:
    F.scaled_dot_product_attention(q, k, v, num_heads=8)
except TypeError as error:
    print(error)
''')
md(r'''
**3. Keys and values are mixed up.** The list that the program passes is read in another order, as the [last
notebook](attention) showed. Nothing complains, and each query gets a mean of keys. What does that cost? Look closely:
three tables, all learned from nothing, each used in one place.
''')
code(r'''
Q, K, V = (nn.Embedding(10_000, 64) for _ in range(3))
tokens = numbers[:, 0]

def meant(tokens):
    return attention(Q(tokens), K(tokens), V(tokens))

def computed(tokens):  # as Keras reads the list
    return attention(Q(tokens), V(tokens), K(tokens))

before = meant(tokens)
K, V = V, K  # exchange the names of two tables, and no number
assert torch.equal(computed(tokens), before) and not torch.equal(meant(tokens), before)
print("the same program, under other names")
''')
md(r'''
Nothing. Two tables have exchanged their names. No test of the results could find this error. It waits for the
day when keys and values are *not* alike: when they come from elsewhere, or have different widths.

**4. `x_train` is never defined.** We take the windows of the last chapter again: 100 tokens of Python, and the question
which of ten packages they are from. That is the program's shape to the letter: ids below 10,000, ten classes.

**5. It is no Transformer.** No positions, no residual connections, no normalisation, no feed-forward part. This one
takes the rest of the notebook.

Repaired, with 8 heads and all four matrices:
''')
code(r'''
Code(inspect.getsource(AttentionClassifier), language="python")
''')
code(r'''
fresh = AttentionClassifier()
each = {
    name: sum(p.numel() for p in part.parameters())
    for name, part in fresh.named_children()
}
for name, count in each.items():
    print(f"{name:11} {count:9,}")
assert each["query"] == each["key"] == each["value"] == 10_000 * 64
assert each["attention"] == 4 * (64 * 64 + 64) and each["hidden"] == 64 * 64 + 64
assert each["classifier"] == 100 * 64 * 10 + 10
assert sum(each.values()) == 2_004_810
''')
code(r'''
tables = sum(each[name] for name in ("query", "key", "value"))
print(f"{tables / sum(each.values()):.0%} of the parameters are in the three tables,")
print(f"{each['attention'] / sum(each.values()):.1%} in the attention")
assert tables > 0.95 * 2_004_810 and each["attention"] < 0.01 * 2_004_810
''')
md(r'''
The attention, which this is all about, has less than one parameter in a hundred.

One thing was translated in silence, so here it is said aloud. Keras begins an embedding with small numbers, between
−0.05 and 0.05. Torch begins it with a standard deviation of 1. Our models begin small, too (`start` in their
configuration, 0.02). Keep it in mind: it will turn out to matter more than any of the parts.

## Train it
''')
code(r'''
data = package_windows(device=device)
vocabulary = data.vocabulary
print(f"{len(data.train):,} windows to learn from, {len(data.test)} to be tested on")
print(", ".join(data.names))
assert data.train.tokens.shape == (4000, 100) and len(vocabulary) == 10_000
''')
code(r'''
number = data.names.index("networkx") * 80 + 10
print(fill(vocabulary.decode(data.test.tokens[number]), 86))
''', tags=IGN)
code(r'''
assert data.names[data.test.labels[number]] == "networkx"
''')
md(r'''
(`⏎` ends a line, `⇥` and `⇤` indent more and less, and `�` is a token that is not among the 10,000 commonest.) The
source's recipe, Adam at 0.001 with batches of 64; three of its ten epochs, one seed:
''')
code(r'''
def train(model, seed=0):
    batches = Batches(data.train.tokens, data.train.labels, BATCH, EPOCHS, seed)
    return [step.loss for step in fit(model.to(device), batches, Recipe(precision=precision))]

torch.manual_seed(0)
program = AttentionClassifier()
losses = train(program)
score = evaluate(program, data.test.tokens, data.test.labels)
''')
code(r'''
print(f"loss in training: {fmean(losses[:63]):.2f} in the first epoch, {fmean(losses[-63:]):.2f} in the last")
print(f"of the test windows {score.accuracy:.1%} are right, at a loss of {score.loss:.2f}")
''', tags=IGN)
code(r'''
assert fmean(losses[-63:]) < 0.8 and 0.4 < score.accuracy < 0.7
''')
md(r'''
All further numbers about this task are from runs that take longer than a notebook may: three seeds each, done once
with `tools/parts.py`. Five epochs are enough to learn the training windows by heart; the source's program was also given its full ten.
''')
code(r'''
full = json.loads((RESULTS / "transformer-parts.json").read_text(encoding="utf-8"))
print(full["command"], "·", full["training"])
runs, bags = {}, {bag["name"]: 100 * bag["test_accuracy"] for bag in full["baselines"]}
for run_ in full["runs"]:
    runs.setdefault(run_["way"], []).append(run_)
assert all([run_["seed"] for run_ in seeds] == list(SEEDS) for seeds in runs.values())
assert runs["the source's"][0]["parameters"] == 2_004_810

def right(way, what="test_accuracy"):
    return [100 * (r[what] if what == "shuffled_accuracy" else r[what][-1]) for r in runs[way]]
''')
code(r'''
ten = runs["the source's, 10 epochs"]
lines = {f"{part} loss": [r[f"{part}_loss"] for r in ten] for part in ("train", "test")}
curves(range(1, 11), lines, "epoch", "loss in nats")
''', caption="The source's program for its ten epochs: three seeds, their mean and range.",
alt="Two curves over ten epochs. The training loss falls to almost nothing by the fourth epoch. The test loss has its minimum in the second epoch and then rises to several nats.")
code(r'''
train_loss, test_loss = (torch.tensor(series) for series in lines.values())
assert (train_loss[:, 4:] < 0.05).all()
assert (test_loss.argmin(1) < 3).all() and (test_loss[:, -1] > 2 * test_loss.min(1).values).all()
''')
code(r'''
rivals = bags | {
    "the source's attention": right("the source's"),
    "… its full ten epochs": right("the source's, 10 epochs"),
    "the last chapter's LSTM": right("LSTM"),
}
def three(scores):  # what has no seed comes out the same three times
    return scores if isinstance(scores, list) else [scores] * 3

bars([*rivals], list(zip(*map(three, rivals.values()))), "% of 800 test windows right",
     form="{:.1f}", mark="the source's attention")
''', caption="Three seeds, with the lowest and the highest. The LSTM's embeddings began as small as those of the others.",
alt="Bars. Four methods on bags of tokens, with and without pairs, are between 70 and 71 per cent. The source's attention is at about 62 per cent with five and with ten epochs, with a wide range; the LSTM at about 61.")
code(r'''
assert min(bags.values()) > max(right("the source's") + right("the source's, 10 epochs"))
assert abs(fmean(right("the source's")) - fmean(right("LSTM"))) < 4
''')
md(r'''
It overfits within two epochs, its seeds lie far apart, and it does about as well as the LSTM. A **bag of tokens** (which
tokens are there, and no order) is ahead of both, as it was in the last chapter. New here are the bags that also hold every *pair* of neighbours. They
know something of the order. It does not help them at all. So on this task there is little that order could tell, and
we should not expect wonders from parts that read it. Does the program read any? Shuffle the tokens of every test
window:
''')
code(r'''
for way in ("the source's", "LSTM"):
    as_written, shuffled = right(way), right(way, "shuffled_accuracy")
    print(f"{way:12} as written {fmean(as_written):.1f} %, shuffled {fmean(shuffled):.1f} %")
assert abs(fmean(right("the source's")) - fmean(right("the source's", "shuffled_accuracy"))) < 1
''')
md(r'''
It does not mind. The source's program is a bag of tokens, too, and not the best one. What it lacks, we add now.

## Positions

That attention has no order we [know](attention): shuffle what goes in, and the same comes out, shuffled. So it is
for the trained program, up to its last layer but one:
''')
code(r'''
def before_the_end(tokens):
    with capture(program, "relu") as seen, torch.no_grad():
        program(tokens)
    return seen["relu"]

some = data.test.tokens[::100]
shuffle = torch.randperm(100, generator=torch.Generator().manual_seed(0)).to(device)
assert_close(before_the_end(some[:, shuffle]), before_the_end(some)[:, shuffle], atol=1e-5, rtol=1e-4)
print("shuffled in, shuffled out")
''')
md(r'''
Only the dense layer at the end, with its weight for every place, could tell where something stands. What can be done?
The first answer is the simplest: **add to every token a vector that says where it is**, and let the model find out
what to make of it.

Which vectors? They may be *learned*, one for each place, as any embedding; that is what our encoder does if you do not
say otherwise. A place that training never saw then has no vector. Or they may be *computed*. The first Transformer
took clocks {cite:p}`vaswani2017attention`:

$$
P_{p,\,2i} = \sin \frac{p}{10000^{2i/d}} \qquad P_{p,\,2i+1} = \cos \frac{p}{10000^{2i/d}}
$$ (enc-sin)

Sine and cosine of one angle are a hand of a clock. There are $d/2$ clocks. The first hand goes round once in 6.3
positions, the last one in nearly 63,000.
''')
code(r'''
def clocks(t, d):
    p, i = torch.arange(t)[:, None], torch.arange(0, d, 2)
    angle = p / 10_000 ** (i / d)  # (t, d/2)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)

P = clocks(100, 64)
assert_close(P, sinusoidal(100, 64), atol=1e-5, rtol=0)
''')
code(r'''
gate_sheet({"entries of the position vectors": P})
''', caption="Formula (enc-sin) for 100 positions and a width of 64. Blue is −1, red is 1.",
alt="A sheet of 64 rows and 100 columns. The upper rows change colour every three columns; further down the stripes become wider and wider, and the lower third does not change at all: every other row is white, every other red.")
md(r'''
Why clocks? Take the product of two such vectors. For every clock $\sin a \sin b + \cos a \cos b = \cos(a - b)$, and so

$$
P_p \cdot P_q = \sum_{i} \cos \frac{p - q}{10000^{2i/d}} .
$$

The positions are gone. Only their **distance** is left:
''')
code(r'''
products = P @ P.T  # (t, t)
for distance in range(100):
    diagonal = products.diagonal(distance)
    assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4, rtol=0)
curves(range(-50, 50), {"product": products[50]}, "distance", "product of two positions")
''', caption="The same curve at whichever position one stands.",
alt="A curve against distance from minus 50 to 49: a peak of 32 at distance 0, falling steeply on both sides to about 20 at a distance of 10, then in small waves to about 15.")
code(r'''
assert products[50].argmax() == 50 and (products.diagonal(1)[0] > products.diagonal(5)[0] > products.diagonal(30)[0])
''')
md(r'''
What is near is alike. That is a good beginning, but read the small print. What attention multiplies is not $P_p \cdot P_q$
but $(x_p + P_p) W^Q \cdot (x_q + P_q) W^K$. There the promise no longer holds. Could the *score itself* depend on the
distance alone?

Yes, if positions are not added but **turned** {cite:p}`su2021roformer`. Take two entries of a query as a vector in the
plane, and turn it by an angle that is proportional to its position. Do the same with the key. Turning both by the same
angle changes no product, so only the difference of the two angles counts, and that is the distance:
''')
code(r'''
Code(inspect.getsource(rotate), language="python")
''')
code(r'''
query, key = torch.tensor([1.0, 0.35]), torch.tensor([0.5, 0.8])

def at(vector, position):
    return rotate(vector[None], torch.tensor([position]))[0]

places = [(2, 5), (9, 12), (2, 9)]
pairs = torch.stack([torch.stack([at(query, p), at(key, s)]) for p, s in places])
turned(pairs, [f"query at {p}, key at {s}" for p, s in places])
''', caption="Both vectors are turned, by one radian a position. The product depends on the distance, here 3, 3 and 7.",
alt="Three pictures of a blue arrow, the query, and an orange one, the key, from the middle of a circle. In the first two the arrows point in different directions, but the angle between them is the same and the product is −0.86 both times. In the third the angle is smaller and the product is 0.18.")
code(r'''
q, k, where = torch.randn(64), torch.randn(64), torch.arange(100)
scores = rotate(q.expand(100, 64), where) @ rotate(k.expand(100, 64), where).T
for distance in range(-99, 100):
    diagonal = scores.diagonal(distance)
    assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-3, rtol=0)
assert (scores.diagonal(3)[0] - scores.diagonal(-3)[0]).abs() > 0.1  # before is not after
print("every query and key, at whatever position: their distance decides, with its sign")
''')
md(r'''
With 64 entries there are 32 pairs, with the 32 speeds of the clocks. These **rotary** positions are not added to
anything. They sit inside of attention, between $W^Q$ and the product. A small test shows what that buys. Take eight
tokens, and move them to another place in the text. Does a fresh head look at them differently?
''')
code(r'''
x, to_q, to_k = torch.randn(8, 64), nn.Linear(64, 64), nn.Linear(64, 64)

def weights_at(place, way):
    p = torch.arange(place, place + 8)
    y = x + sinusoidal(100, 64)[p] if way == "added" else x
    q, k = to_q(y), to_k(y)
    return attention_weights(rotate(q, p), rotate(k, p)) if way == "turned" else attention_weights(q, k)

with torch.no_grad():
    moved = {
        way: (weights_at(0, way) - weights_at(40, way)).abs().max().item()
        for way in ("added", "turned")
    }
''')
code(r'''
for way, change in moved.items():
    print(f"positions {way:6}: a weight changes by up to {change:.6f}")
''', tags=IGN)
code(r'''
assert moved["turned"] < 1e-5 < 0.01 < moved["added"]
''')
md(r'''
Turned, the head does not care where in the text the eight tokens are, exactly. Most large models of today use
rotary positions; so does the GPT of the [next notebook](gpt). Our encoder takes the added ones, learned or computed.

### A task that asks for order

Who needs positions? On the ten packages, as we saw, hardly anybody. So here is a question on the same code that
nobody can answer without. Ten tokens: **are they written forwards or backwards?**
''')
code(r'''
def order(windows, t=10):
    pieces = windows.reshape(-1, t)
    pieces = pieces.where(pieces < 1000, 0)  # the thousand commonest tokens
    backwards = torch.arange(2, device=device).repeat_interleave(len(pieces))
    return torch.cat([pieces, pieces.flip(1)]), backwards

to_learn, to_test = order(data.train.tokens), order(data.test.tokens)
print(f"{len(to_learn[0]):,} pieces to learn from, {len(to_test[0]):,} to be tested on")
''')
code(r'''
for number in (3210, 3210 + 8000, 777, 777 + 8000):
    tokens, backwards = to_test[0][number], to_test[1][number]
    print(f"{vocabulary.decode(tokens):60}", "backwards" if backwards else "forwards")
''', tags=IGN)
code(r'''
assert torch.equal(to_test[0][3210], to_test[0][3210 + 8000].flip(0))
assert to_test[1].float().mean() == 0.5
''')
md(r'''
Every piece is there once in each direction, so every token is exactly as common in both, and a bag can do no better
than half. One layer, 32 wide, with four heads:
''')
code(r'''
def small(**parts):
    sizes = {"vocabulary": 1000, "steps": 10, "width": 32, "heads": 4, "layers": 1, "classes": 2}
    torch.manual_seed(0)
    return TransformerEncoder(TransformerEncoderConfig(**sizes, start=0.2, **parts)).to(device)

blind, reader = small(positions="none"), small()
for step in fit(reader, Batches(*to_learn, BATCH, 1), Recipe(3e-3)):
    if step.index == 399:
        break
shares = [evaluate(model, *to_test).accuracy for model in (blind, reader)]
''')
code(r'''
for name, share in zip(("without positions", "with learned positions"), shares):
    print(f"{name:22}: {share:.1%} right")
''', tags=IGN)
code(r'''
assert shares[0] == 0.5 and shares[1] > 0.8
''')
md(r'''
The model without positions was not even trained, and need not be: a piece and its mirror image get the same answer,
whatever its weights. With a vector for each of ten places, 400 steps are enough. At the end of this notebook a table
has all the parts on this task, with three seeds.
''')

md(r'''
## Residual connections

The first question about depth: what does a layer of attention *do* to a text? It replaces what stands at a position by
a mean of what stands at all. Then the next layer takes means of means. In the end all positions ought to be alike. Let
us see how soon. Fresh encoders of six layers; after each layer, how much of what stands at a position is its own, and not common to all? For vectors $x_p$ with the mean $\bar x$ that is
$\sqrt{\textstyle\sum_p |x_p - \bar x|^2 / \sum_p |x_p|^2}$.
''')
code(r'''
def own(x):  # (b, t, d)
    difference = x - x.mean(1, keepdim=True)
    return (difference.square().mean() / x.square().mean()).sqrt().item()

@torch.no_grad()
def through(windows, **parts):
    model = TransformerEncoder(TransformerEncoderConfig(layers=6, **parts)).to(device)
    x = model.places(model.embedding(windows))
    shares = [own(x)]
    for layer in model.layers:
        x = layer(x)
        shares.append(own(x))
    return shares
''')
code(r'''
KINDS = {
    "attention alone": {"residual": False, "normalise": False, "feed_forward": False},
    "no residual": {"residual": False},
    "everything": {},
}
depths = {name: [] for name in KINDS}
for seed in SEEDS:
    torch.manual_seed(seed)
    for name, parts in KINDS.items():
        depths[name].append(through(some, **parts))
against_distance(range(7), depths, "layers", "share that is its own", bottom=1e-8)
''', caption="Six fresh layers, three seeds. At 10⁻⁷ the positions are equal to the last digit that a computer keeps.",
alt="Share of its own against layers, in powers of ten. Everything: falls from 1 to about 0.2 and stays there. Attention alone: below a thousandth after one layer, at the floor of one ten-millionth after two. Everything but residual connections: 0.4, then 0.01, then the floor.")
code(r'''
assert all(run[-1] > 0.05 for run in depths["everything"])
assert all(run[3] < 1e-5 for name in ("attention alone", "no residual") for run in depths[name])
squares = [run[2] < 2 * run[1] ** 2 for run in depths["no residual"]]
assert all(squares)
''')
md(r'''
After **three** layers every token of a hundred has become the same vector, to the last digit. No training can bring
back what is gone. The fall gets steeper from layer to layer, because the more alike the positions are, the more alike
are their keys, and the more even the mean. {cite:t}`dong2021attention` proved that pure attention loses its rank
*doubly exponentially* with depth; here you see it happen. Neither normalisation nor the feed-forward part stops it.

The remedy is the one of the [deep convolutional networks](../cnn/after). Do not replace, **add**:

$$
y = x + F(x)
$$ (enc-res)

What was there stays there, and attention writes beside it. Here that is needed not only so that gradients get through.
It is needed so that a position remembers who it is.
''')

md(r'''
## Normalisation

What is added to again and again grows, and what was small drowns. So before a part reads, its input is brought to a standard size: at each position mean 0 and variance 1 over the $d$ entries, and then a scale $w$ and a shift $\beta$ that are learned {cite:p}`ba2016layer`:

$$
y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \odot w + \beta
\qquad
\mu = \frac1d \sum_i x_i, \quad \sigma^2 = \frac1d \sum_i (x_i - \mu)^2
$$ (enc-norm)
''')
code(r'''
Code(inspect.getsource(layer_norm), language="python")
''')
code(r'''
def outcome(norm, *parts):
    leaves = [part.clone().requires_grad_() for part in parts]
    y = norm(*leaves)
    return y, *torch.autograd.grad((y * upstream).sum(), leaves)

x, w, b, upstream = torch.randn(7, 11, 13), torch.randn(13), torch.randn(13), torch.randn(7, 11, 13)
ours = outcome(layer_norm, x, w, b)
torchs = outcome(lambda x, w, b: F.layer_norm(x, (13,), w, b), x, w, b)
assert_close(ours, torchs, atol=1e-4, rtol=1e-4)
print("equal: the output and three gradients")
''')
md(r'''
**Batch** normalisation took mean and variance over the images of a batch, and that was its [trap](../cnn/after): the
answer for one depended on its company. **Layer** normalisation asks nobody. It has no running averages and does the same in training and
in testing, for one text as for a thousand.

Where does it go? The first Transformer put it *behind* each sum, which is called **post-norm**: $y = \mathrm{norm}(x + F(x))$. Today it goes
*in front of* each part, **pre-norm**:

$$
y = x + F(\mathrm{norm}(x))
$$ (enc-pre)

Then nothing stands in the way of $x$, from the first layer to the last. Post-norm has large gradients at the upper
layers when it is fresh, and needs a learning rate that begins small; pre-norm does not {cite:p}`xiong2020layer`. The exercises measure it.

## The feed-forward part

Last, a part without any attention. At each position by itself, with the same weights everywhere: widen to four times
the width, cut off what is negative, and narrow again.

$$
F(x) = W_2 \,\mathrm{ReLU}(W_1 x + b_1) + b_2
$$ (enc-ff)

It has two thirds of a layer's parameters. What for? Look at what attention does once the weights are given. It takes
means, and multiplies by $W^V$ and $W^O$. That is *linear*:
''')
code(r'''
q, k = torch.randn(2, 11, 16)
u, v = torch.randn(2, 11, 16)
assert_close(attention(q, k, 2 * u - 3 * v), 2 * attention(q, k, u) - 3 * attention(q, k, v), atol=1e-5, rtol=1e-4)
print("linear in the values")
''')
md(r'''
What attention has gathered it cannot think about. The last notebook met the limit: a head that takes a mean can
*count* brackets, but to multiply or to compare what it has counted takes another part. That gives a task: **does a
piece of 20 tokens open as many brackets as it closes?** Order does not matter here. Counting is a mean of $+1$, $-1$
and 0, which is attention's work. But "equal" is neither large nor small. It is in the *middle*, and no weighted sum is
large in the middle.
''')
code(r'''
def brackets(windows, t=20):
    pieces = windows.reshape(-1, t)
    pieces = pieces.where(pieces < 1000, 0)
    opened, closed = (
        torch.isin(pieces, vocabulary.encode(list(kinds)).to(device)).sum(1)
        for kinds in ("([{", ")]}")
    )
    return pieces, (opened == closed).long()

pieces, balanced = brackets(data.test.tokens)
assert 0.45 < balanced.float().mean() < 0.55
''')
code(r'''
for number in (118, 1171, 2222):
    print(fill(vocabulary.decode(pieces[number]), 86))
    print("→", "balanced" if balanced[number] else "not balanced", "\n")
''', tags=IGN)
code(r'''
assert {int(balanced[number]) for number in range(100)} == {0, 1}
''')
md(r'''
We come to its results in a moment. First all parts must be put together.

## The layer

The two detours of one layer:
''')
code(r'''
encoder_layer()
''', caption="A layer of a Transformer's encoder. Only attention moves anything from one position to another.",
alt="A drawing. A thick line runs from x on the left to y on the right: what is here already stays, and something is added. Two detours leave it and come back to a plus sign: norm and attention, with arrows from all positions, then norm and feed-forward, each position by itself.")
code(r'''
Code(inspect.getsource(EncoderLayer), language="python")
''')
md(r'''
Parameters are named as in `nn.TransformerEncoderLayer`, so torch's layer can take ours. Are they equal? Output, and
the gradients of the input and of all twelve parameters, with the norms in front and behind:
''')
code(r'''
def compared(layer, x, upstream):
    x, weights = x.clone().requires_grad_(), dict(sorted(layer.named_parameters()))
    y = layer(x)
    grads = torch.autograd.grad((y * upstream).sum(), [x, *weights.values()])
    return y, dict(zip(["x", *weights], grads))

x, upstream = torch.randn(2, 7, 12), torch.randn(2, 7, 12)
for norm_first in (True, False):
    ours = EncoderLayer(12, 3, 48, norm_first)
    torchs = nn.TransformerEncoderLayer(12, 3, 48, 0.0, batch_first=True, norm_first=norm_first)
    torchs.load_state_dict(ours.state_dict())
    mine, other = (compared(layer, x, upstream) for layer in (ours, torchs))
    assert_close(mine, other, atol=1e-4, rtol=1e-4)
    print(f"norm {'in front' if norm_first else 'behind':8}: {1 + len(mine[1])} tensors are equal")
''')
code(r'''
parts = dict(EncoderLayer(64, 8, 256).named_children())
count = {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}
shown = {
    "attention": count["self_attn"],
    "feed-forward": count["linear1"] + count["linear2"],
    "norms": count["norm1"] + count["norm2"],
}
print(shown, "in all", sum(shown.values()))
assert shown["attention"] == 4 * (64 * 64 + 64)
assert shown["feed-forward"] == 2 * 64 * 256 + 256 + 64 and shown["norms"] == 4 * 64
''')
md(r'''
A classifier is: embedding, positions, some layers, one more normalisation, and then something that makes *one* answer of a hundred
positions. The source flattens, and needs 64,010 parameters for it, one for every place and entry. The
encoder takes the **mean over positions** and needs 650. So there is a sixth step, and we shall see that it is the largest of all:
''')
code(r'''
Code(inspect.getsource(TransformerEncoder), language="python")
''')
md(r'''
## Which part does what?

Now the ten packages again, with everything in place. First the way that such parts are usually introduced: begin with
attention alone (one embedding, one layer, one head; the result is flattened), and add one part after the other.
Three seeds each, the same recipe for all.
''')
code(r'''
mean = {way: fmean(right(way)) for way in runs}
added = {
    "attention alone, one head": "attention alone, one head",
    "+ heads: eight": "attention alone",
    "+ positions": "+ positions",
    "+ residual connections": "+ residual",
    "+ normalisation": "+ normalisation",
    "+ feed-forward part": "+ feed-forward",
    "+ mean over positions": "everything, 1 layer",
}
''')
code(r'''
order_ = {"the source's program": "the source's", **added}
bars([*order_], list(zip(*(right(way) for way in order_.values()))),
     "% of 800 test windows right", form="{:.1f}", mark="the source's program")
''', caption="Parts added one after the other, from top to bottom. Mean and range of three seeds.",
alt="Eight bars. The source's program has about 62 per cent, with a wide range; attention alone about 65, whether with one head or eight, and hardly changed by positions, residual connections and normalisation; with the feed-forward part about 63; with the mean over positions about 68.")
code(r'''
scores_ = [mean[way] for way in added.values()]
change = dict(zip(list(added)[1:], [after - before for before, after in zip(scores_, scores_[1:])]))
for name, points in change.items():
    print(f"{name:24} {points:+.1f} points")
assert all(abs(points) < 2.5 for name, points in change.items() if "mean" not in name)
assert change["+ mean over positions"] > 3
assert min(right("everything, 1 layer")) > max(right("the source's"))
assert mean["everything, 1 layer"] > max(right("the source's, 10 epochs"))
''')
md(r'''
The encoder with everything beats the source's program, with each of its seeds and a third of the parameters. So far,
so good. But look at the steps. Heads, positions, residual connections, normalisation, feed-forward: the parts that
make attention a Transformer each move the score by less than its seeds differ. And *attention alone*, which
has less than the source's program has, is already ahead of it: two of its three tables and its dense layer were no use.

The one step that counts is the last, and it takes something *away*: 63,000 weights that could learn by heart what
stands where.

Now the other way round: everything, and one part left out.
''')
code(r'''
left_out = {
    "one head": "one head, 1 layer",
    "sinusoidal positions": "sinusoidal positions, 1 layer",
    "no feed-forward part": "no feed-forward, 1 layer",
    "EVERYTHING": "everything, 1 layer",
    "no positions": "no positions, 1 layer",
    "no residual connections": "no residual, 1 layer",
    "flattened, no mean": "+ feed-forward",
    "no normalisation": "no normalisation, 1 layer",
    "no attention": "no attention, 1 layer",
    "neither norm nor residual": "neither, 1 layer",
}
bars([*left_out], list(zip(*(right(way) for way in left_out.values()))),
     "% of 800 test windows right", form="{:.1f}", mark="EVERYTHING")
''', caption="The encoder with everything, in another colour, and with one part changed or left out.",
alt="Ten bars. One head about 70 per cent, sinusoidal positions 69, no feed-forward part and everything 68, no positions and no residual connections 67, flattened 63, no normalisation 60, no attention 59, neither normalisation nor residual connections 51.")
code(r'''
lost = {name: mean["everything, 1 layer"] - mean[way] for name, way in left_out.items()}
small_ones = ("sinusoidal positions", "no feed-forward part", "no positions", "no residual connections")
assert all(abs(lost[name]) < 2 for name in small_ones)
assert lost["one head"] < -1 and min(right("one head, 1 layer")) > max(right("everything, 1 layer"))
assert lost["no normalisation"] > 4 and lost["no attention"] > 6
assert lost["neither norm nor residual"] > lost["no normalisation"] + 4
assert change["+ normalisation"] < 0  # added, it lost; left out, it is missed
''')
md(r'''
Four things stand here.

1. **What a part is worth depends on what else is there.** Normalisation was added and the score fell. Left out, it
   costs more than any of the four. Both are true. With the mean over positions all information goes through 64 numbers,
   and then their size matters; and without normalisation *and* residual connections the fall is deeper still. "This part brings so and so much" is
   a sentence without meaning, unless one says to what it was added.
2. **Positions, residual connections and the feed-forward part can go**, one at a time. The score stays where it was, within the
   spread.
3. **One head is better than eight**, in each of three seeds.
4. **Attention** is missed. Is it, though? Without it nothing moves from token to token, and the encoder is
   a mean of what each token says by itself: a bag. And bags were good at this. We come back to that.

## The task decides

So is a Transformer's plumbing superfluous? Ask the other two tasks, forwards or backwards and the brackets. The same
ways of leaving out, one layer of width 32, three seeds, 800 steps; done once with `tools/part_tasks.py`:
''')
code(r'''
others = json.loads((RESULTS / "transformer-tasks.json").read_text(encoding="utf-8"))
print(others["command"], "·", others["training"])
found = {}
for run_ in others["runs"]:
    found.setdefault((run_["task"], run_["way"]), []).append(run_["test_accuracy"][-1])
assert all(len(seeds) == 3 for seeds in found.values())

ways = [way for task, way in found if task == "order" and way not in ("small start", "neither")]
on_packages = {"flattened": "+ feed-forward"}
table_ = {
    "ten packages": [mean[on_packages.get(way, f"{way}, 1 layer")] / 100 for way in ways],
    "forwards or backwards": [fmean(found["order", way]) for way in ways],
    "brackets balanced": [fmean(found["brackets", way]) for way in ways],
}
''')
code(r'''
without = {}
for name in ("logistic regression", "naive Bayes"):
    for what, on in (("tokens", "bags"), ("pairs", "bags and pairs")):
        line = {bag["task"]: bag["test_accuracy"] for bag in others["baselines"] if bag["name"] == f"{name} on {what}"}
        without[f"{name}, {what}"] = [bags[f"{name} on {on}"] / 100, line["order"], line["brackets"]]
score_table(table_, ways, without)
''', caption="What is left when one part goes. Chance is 0.1, 0.5 and 0.5. Below, methods without a network.",
alt="A table of three columns. Ten packages: between 0.59 and 0.70, and 0.70 to 0.71 for the methods without a network. Forwards or backwards: 0.97 with everything, 0.50 without positions and without attention, 0.65 without normalisation, above 0.9 for the others; pairs of tokens 0.99, single tokens 0.50. Brackets balanced: 0.99 with everything, 0.87 without the feed-forward part, 0.70 without attention; methods without a network below 0.66.")
code(r'''
share = {name: dict(zip(ways, column)) for name, column in table_.items()}
order_task, bracket_task = share["forwards or backwards"], share["brackets balanced"]
assert order_task["no positions"] == order_task["no attention"] == 0.5
assert order_task["everything"] > 0.95 > 0.8 > order_task["no normalisation"]
assert bracket_task["everything"] > 0.97 and bracket_task["no positions"] > 0.97
assert bracket_task["no feed-forward"] < 0.93 and bracket_task["no attention"] < 0.8
assert all(scores[2] < 0.75 for scores in without.values())
assert without["naive Bayes, pairs"][1] > order_task["everything"]
''')
md(r'''
Read it by columns. The **ten packages** ask for tokens, and nearly everything can go. **Forwards or backwards** asks for
relations: without positions or without attention every answer is a guess, and without normalisation two of three
seeds do not get going within 800 steps. (Counting pairs of tokens is better still. It costs a moment.) The
**brackets** ask for a number that must be compared. Positions can go. The feed-forward part cannot, nor can
attention, which does the counting; and here nothing that counts tokens or pairs comes near, because "equally
many" is no weighted sum.

A Transformer is not better than a bag. It is an answer to questions that a bag cannot answer. Which of its parts are needed, the task decides, and one task will not tell you.

## Six layers

What is missing from the table is depth. One layer hardly needed residual connections. Here are two layers and six, on the ten
packages:
''')
code(r'''
DEPTHS = (1, 2, 6)
deep = {
    what: list(zip(*(right(f"{what}, {n} layer{'s' * (n > 1)}") for n in DEPTHS)))
    for what in ("everything", "no residual", "no normalisation", "neither")
}
curves(DEPTHS, deep, "layers", "% of 800 test windows right")
''', caption="Depth, with and without what carries it. Mean and range of three seeds.",
alt="Four curves over 1, 2 and 6 layers. Everything stays at about 66 to 68 per cent. Without normalisation it stays near 60. Without residual connections it is at 67 with one layer, 65 with two, and 10 with six. With neither it falls from 51 over 44 to 10.")
code(r'''
at = {what: [fmean(column) for column in zip(*seeds)] for what, seeds in deep.items()}
for what, scores_ in at.items():
    print(f"{what:17}", *(f"{score:5.1f} %" for score in scores_))
assert at["no residual"][0] > at["everything"][0] - 2 and at["no residual"][1] > at["everything"][1] - 4
assert set(right("no residual, 6 layers") + right("neither, 6 layers")) == {10.0}
assert at["everything"][2] > 60 and at["no normalisation"][2] > 50
assert max(at["everything"]) == at["everything"][0]
''')
md(r'''
With one layer the residual connection is worth a point, within the spread. With six it is worth *everything*. What the
figure of the fresh networks foretold has come true, with each seed: all positions alike, every window alike, ten per
cent. No normalisation helps, and five epochs of training find no way out. Normalisation, on the other hand, costs the
same at any depth up to here.

That is why residual connections are in every model that you have heard of, and why an ablation of a small model may
tell you that you do not need them. And note what depth *brings* on this task: nothing. One layer is the best.

## Where it begins

The largest effect of all is in no list of parts. It is how large the embeddings are *before* the first step:
''')
code(r'''
past = json.loads((RESULTS / "packages.json").read_text(encoding="utf-8"))["runs"]
torchs_lstm = [100 * r["test_accuracy"][4] for r in past if r["way"] == "the source's"]
begun = {
    "encoder": ("everything, 1 layer", right("everything, 1 layer, large start")),
    "source's attention": ("the source's", right("the source's, large start")),
    "last chapter's LSTM": ("LSTM", torchs_lstm),
}
for name, (little, large) in begun.items():
    print(f"{name:20} begun at 0.02: {mean[little]:.1f} %, at 1: {fmean(large):.1f} %")
assert mean["everything, 1 layer"] > fmean(begun["encoder"][1]) + 8
assert mean["LSTM"] > fmean(torchs_lstm) + 3
''')
md(r'''
(All after five epochs.) Torch's own beginning, 1, costs the encoder more than any part but one, and the LSTM of the last
chapter several points, a part of its distance from the bag. Why? Most of the 10,000 tokens are in a handful of windows.
What training adds to such a vector is little. If it begun large and at random, it stays large and random, and in the test it is noise that is
as loud as anything learned. If it begun small, it is hardly heard until there is something to say. It is the caution of logistic regression, which begins at 0 and lets weights grow where there is evidence.

Is small always better? Not on the other task:
''')
code(r'''
for name, task in (("forwards or backwards", "order"), ("brackets balanced", "brackets")):
    large, little = found[task, "everything"], found[task, "small start"]
    print(f"{name:22} begun at 0.2: {fmean(large):.0%}, at 0.02: {fmean(little):.0%}")
assert fmean(found["order", "small start"]) < fmean(found["order", "everything"]) - 0.1
''')
md(r'''
There the thousand commonest tokens occur often enough to learn anything about them. What has to get going is an
attention that tells places apart, and with tiny vectors all scores are nearly equal for a long time. No beginning is good for
everything.

## Against a bag

Once more everyone on the ten packages, and two controls: the encoder without attention, with a rate that suits it,
and the smallest network there is, **the mean of the embeddings** and a linear layer, also with a rate of its own
{cite:p}`joulin2017bag`.
''')
code(r'''
everyone = {
    "naive Bayes on bags": [bags["naive Bayes on bags"]] * 3,
    "logistic regression on bags": [bags["logistic regression on bags"]] * 3,
    "encoder, one head": right("one head, 1 layer"),
    "mean of embeddings, rate 0.01": right("mean of embeddings, rate 0.01"),
    "encoder": right("everything, 1 layer"),
    "encoder, rate 0.003": right("everything, 1 layer, rate 0.003"),
    "no attention, rate 0.003": right("no attention, 1 layer, rate 0.003"),
    "source's attention": right("the source's"),
    "LSTM": right("LSTM"),
    "mean of embeddings": right("mean of embeddings"),
}
bars([*everyone], list(zip(*everyone.values())), "% of 800 test windows right", form="{:.1f}", mark="encoder")
''', caption="With and without attention. Where no rate is named it is the source's, 0.001.",
alt="Bars: naive Bayes 71 per cent, logistic regression 70, the encoder with one head 70, the mean of embeddings with its own rate 69, the encoder 68 with either rate, …")
code(r'''
seconds = {
    way: fmean(run_["cpu_seconds"] for run_ in runs[way])
    for way in ("mean of embeddings, rate 0.01", "everything, 1 layer", "everything, 6 layers")
}
for way, took in seconds.items():
    print(f"{way:30} {took:5.1f} s to train on one core, loss {fmean(r['test_loss'][-1] for r in runs[way]):.2f}")
assert mean["mean of embeddings, rate 0.01"] > mean["everything, 1 layer"]
assert mean["mean of embeddings"] < mean["everything, 1 layer"] - 5
assert max(bags.values()) > max(mean.values())
assert seconds["mean of embeddings, rate 0.01"] < seconds["everything, 1 layer"] / 10
''')
md(r'''
PLACEHOLDER-BAG

## What it looks at

If the program is a bag, what does it have its attention for? Take the trained one, and see how much each token of the
test windows is looked at, by all positions and heads together. Evenly shared it would be 1.
''')
code(r'''
with capture(program, "attention.weights") as seen, torch.no_grad():
    program(data.test.tokens)
looked_at = 100 * seen["attention.weights"].float().mean((1, 2)).cpu()  # (n, t)

number = data.names.index("networkx") * 80 + 10
words = [vocabulary.symbols[token] for token in data.test.tokens[number].tolist()]
along_tokens(words, {"looked at": looked_at[number].log2()}, most=3)
''', caption="Red: looked at more than the average of all tokens; blue: less. The scale is in doublings.",
alt="100 tokens of networkx code in two lines. Names such as nx and G are dark red; brackets, commas and ends of lines are blue.")
md(r'''
Does it look at what tells? How much a token tells about the package we measured in the [last chapter](../rnn/lstm), as
information: 0 for a token that all packages use alike, $\ln 10$ for one that gives its package away.
''')
code(r'''
known = torch.zeros(4000, 10_000)
known[torch.arange(4000)[:, None], data.train.tokens.cpu()] = 1
having = torch.stack([known[data.train.labels.cpu() == k].sum(0) for k in range(10)], 1) + 1
part = having / having.sum(1, keepdim=True)
information = (part * (10 * part).log()).sum(1)

tokens = data.test.tokens.flatten().cpu()
often = tokens.bincount(minlength=10_000)
frequent = (often >= 30).nonzero().flatten()
total = torch.zeros(10_000).index_add(0, tokens, looked_at.flatten())
attended = (total / often)[frequent]
''')
code(r'''
commonest = torch.isin(frequent, often[1:].topk(6).indices + 1)
word_map([vocabulary.symbols[i] for i in frequent], attended.log2(), information[frequent], commonest,
         "looked at, doublings of the average", "information, nats", ("tokens", "the six commonest"))
''', caption="Every token that occurs 30 times or more in the test windows.",
alt="A scatter plot. To the right and high up stand torch, fs, ctx, nx, G, Optional: much information, looked at up to sixteen times as often as the average. To the left and at the bottom stand brackets, commas and ends of lines.")
code(r'''
r = torch.stack([attended.log2(), information[frequent]]).corrcoef()[0, 1].item()
print(f"correlation {r:.2f}")
''', tags=IGN)
code(r'''
assert r > 0.5 and (attended[commonest] < 1).all()
''')
md(r'''
It does. Each of the commonest signs is looked at less than the average, and `torch`, `ctx`, `nx` many times as often. Nobody told it
what punctuation is. So the attention of this program is a **weighted bag**: it learned how much each token
is worth, much as the [gates of the LSTM](../rnn/lstm) did. It hardly matters who asks. That is a use of attention,
and a wasteful one: it computes 10,000 weights a head to find what one weight for each token would say.
''')
md(r'''
## What we saw

PLACEHOLDER-SAW

## What the source document says

Steps: a query and a key for each position, compared; softmax; weighted sum of the values; a linear map. Then the
program. What we put right or added:

- The input was declared as 100 float features of unknown length, and looked up in a table of 10,000. It must be 100
  whole numbers.
- `Attention` takes no `num_heads` and has no weights of its own. `MultiHeadAttention` has both.
- Query, key and value were passed in an order in which the layer does not read them. Here, where all three tables
  begin from nothing, that exchanges two names and harms nobody.
- `x_train` and `y_train` are never defined.
- The section is called *Transformer*. Its program has no positions, no residual connections, no normalisation and no
  feed-forward part. On its own kind of task that is no great loss. On others it is fatal.
- Its dense layer and two of its three tables can go, and the score rises. So does it when the positions are averaged
  in place of flattened.
- It gives no result. Ours have seeds, spreads, and a bag of tokens that wins.
''')
md(r'''
## Exercises

```{exercise} Counting
:label: enc-count

A layer has a width of 512, 8 heads and a feed-forward part of 2,048 (the sizes of the first Transformer). How many
parameters has it, in which parts? What changes with 16 heads? And what with a text that is twice as long?
```

````{solution} enc-count
:class: dropdown
Attention: $4 \cdot (512^2 + 512) = 1{,}050{,}624$. Feed-forward: $2 \cdot 512 \cdot 2048 + 2048 + 512 =
2{,}099{,}712$. Norms: $2 \cdot 2 \cdot 512 = 2{,}048$. Together 3,152,384, two thirds of them in the feed-forward
part. The heads share the width, so their number changes nothing. Nor does the length, in the layer; learned positions
need a vector more for each place.
````

```{exercise} Who talks to whom?
:label: enc-who

Every position of a text is computed on a machine of its own. For which parts of a layer must the machines talk
to each other? Where would batch normalisation, in place of layer normalisation, need it?
```

````{solution} enc-who
:class: dropdown
For attention alone: each machine sends its keys and values to all others. Positions, norms, the feed-forward part and
both sums need nothing but what is there. Batch normalisation takes its mean over all texts of the batch, and over all
their positions, so all machines would have to agree on it before any could go on.
````

```{exercise} The order of ablations
:label: enc-order

Added as the fourth part, normalisation lost a point. Left out of the whole, it was missed. Somebody concludes that one of
the two measurements must be wrong. What do you answer? How many trainings would it take to measure six parts in *every*
combination, with three seeds?
```

````{solution} enc-order
:class: dropdown
They measure different things: what it brings to a network that flattens and has no feed-forward part, and what it
brings to one that takes a mean and has one. Parts are not terms of a sum. Six parts have $2^6 = 64$ combinations, so 192 trainings;
adding and leaving out, one at a time, take about a dozen combinations and show at least *that* parts depend on each other.
````
''')
md(r'''
```{exercise-start} One matrix too many
:label: enc-fold
```
In the source's program each token has three vectors, and then the attention multiplies each by a matrix. Show that
the twelve thousand parameters of $W^Q$, $W^K$ and $W^V$ and their biases can do nothing that the tables could not do alone: change the
tables of the trained program so that it answers the same with the identity in their place.
```{exercise-end}
```
''')
md(r'''
```{solution-start} enc-fold
:class: dropdown
```
A row $e$ of a table is only ever used as $e W + b$. So make that the row.
''')
code(r'''
folded = AttentionClassifier().to(device)
folded.load_state_dict(program.state_dict())
weights = folded.attention.in_proj_weight.detach().view(3, 64, 64)
biases = folded.attention.in_proj_bias.detach().view(3, 64)
with torch.no_grad():
    for row, table in enumerate((folded.query, folded.key, folded.value)):
        table.weight.copy_(F.linear(table.weight, weights[row], biases[row]))
        weights[row] = torch.eye(64)
        biases[row] = 0
    assert_close(folded(some), program(some), atol=1e-3, rtol=1e-3)
''')
md(r'''
The matrices are needed where the three come from *one* vector, as in our encoder: it learns one table of 64 numbers a token, and
makes three things of each.
```{solution-end}
```
''')
md(r'''
```{exercise-start} Five places on
:label: enc-shift
```
The authors of formula {eq}`enc-sin` hoped that a head could learn to look a fixed distance away, because $P_{p+k}$ is
a *linear* function of $P_p$: there is a matrix $M_k$, the same for all $p$, with $P_{p+k} = M_k P_p$. Build it for
$k = 5$. What kind of matrix is it?
```{exercise-end}
```
''')
md(r'''
```{solution-start} enc-shift
:class: dropdown
```
Each clock hand is turned on by the angle that it covers in five positions.
''')
code(r'''
speeds = 10_000 ** (-torch.arange(0, 64, 2) / 64)
c, s = (5 * speeds).cos(), (5 * speeds).sin()
blocks = torch.stack([torch.stack([c, s], -1), torch.stack([-s, c], -1)], -2)  # for (sin, cos)
M = torch.block_diag(*blocks)
assert_close(P[:-5] @ M.T, P[5:], atol=1e-4, rtol=0)
assert_close(M @ M.T, torch.eye(64), atol=1e-5, rtol=0)
''')
md(r'''
It is a rotation, in 32 planes: the very thing that rotary positions do to queries and keys. So a head that wants to look five
places on can learn $M_5$ as a part of $W^Q$. With rotary positions it need not learn it.
```{solution-end}
```
''')
md(r'''
```{exercise-start} Before or behind
:label: enc-post
```
Stack twelve fresh layers with the norm in front, and twelve with the norm behind. Send random inputs through, take any loss, and
compare the norm of the gradient in the first and in the last layer. Which of the two needs a warm-up, and why?
```{exercise-end}
```
''')
md(r'''
```{solution-start} enc-post
:class: dropdown
```
''')
code(r'''
def pulls(norm_first, seed):
    torch.manual_seed(seed)
    stack = nn.Sequential(*(EncoderLayer(64, 8, 256, norm_first) for _ in range(12)))
    head = nn.Linear(64, 10)
    x = F.layer_norm(torch.randn(16, 20, 64), (64,))
    last = F.layer_norm(stack(x), (64,)) if norm_first else stack(x)
    F.cross_entropy(head(last.mean(1)), torch.arange(16) % 10).backward()
    return [layer.linear1.weight.grad.norm().item() for layer in stack]

gradients = {
    name: [pulls(norm_first, seed) for seed in SEEDS]
    for name, norm_first in (("norm in front", True), ("norm behind", False))
}
''')
code(r'''
curves(range(1, 13), gradients, "layer", "norm of the gradient", log=True)
''', caption="Twelve fresh layers, three seeds.",
alt="PLACEHOLDER-POST")
code(r'''
first_last = {name: [run[-1] / run[0] for run in seeds] for name, seeds in gradients.items()}
PLACEHOLDER-POST-ASSERT
''')
md(r'''
PLACEHOLDER-POST-TEXT
```{solution-end}
```
''')
md(r'''
```{exercise-start} Brackets with a bag
:label: enc-bag
```
Logistic regression on counts fails on the brackets. Give it *one* more number for each piece, so that it
gets all of them right. What does that tell about the feed-forward part?
```{exercise-end}
```
''')
md(r'''
```{solution-start} enc-bag
:class: dropdown
```
The square of the difference. It is 0 for what is balanced and at least 1 otherwise.
''')
code(r'''
from sklearn.linear_model import LogisticRegression

def difference(pieces):
    sign = torch.zeros(1000)
    sign[vocabulary.encode(list("([{"))], sign[vocabulary.encode(list(")]}"))] = 1.0, -1.0
    return sign[pieces.cpu()].sum(1, keepdim=True)

learned, labels = brackets(data.train.tokens)
d, asked = difference(learned), difference(pieces)
straight = LogisticRegression().fit(d, labels.cpu()).score(asked, balanced.cpu())
bent = LogisticRegression().fit(d**2, labels.cpu()).score(asked**2, balanced.cpu())
assert straight < 0.65 and bent == 1
''')
md(r'''
Counting was never the difficulty. One bend was missing. The feed-forward part is where a Transformer bends what
attention has gathered, and it learns for itself what to bend.
```{solution-end}
```
''')
md(r'''
```{exercise-start} Beat the bag
:label: enc-beat
```
Open question. Can a Transformer beat naive Bayes on the ten packages? Choose by a part of the *training* windows that you keep
back, and ask the test windows once. As a beginning: how far do you get without any attention, in two seconds?
```{exercise-end}
```
''')
md(r'''
```{solution-start} enc-beat
:class: dropdown
```
We have not managed it. The beginning, the mean of the embeddings:
''')
code(r'''
class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.classifier = nn.Embedding(10_000, 64), nn.Linear(64, 10)
        nn.init.normal_(self.table.weight, std=0.02)

    def forward(self, tokens):
        return self.classifier(self.table(tokens).mean(1))

torch.manual_seed(0)
smallest = Mean().to(device)
for step in fit(smallest, Batches(data.train.tokens, data.train.labels, BATCH, 5, 0), Recipe(1e-2)):
    pass
reached = evaluate(smallest, data.test.tokens, data.test.labels).accuracy
assert 0.65 < reached < bags["naive Bayes on bags"] / 100
''')
md(r'''
Print `reached`. What the encoder lacks is not a part but *text*: most tokens it has seen a few times. Embeddings
learned on more code, by a model that predicts what comes next, are the way out that the field has taken. The next
notebook trains such a model.
```{solution-end}
```
''')
