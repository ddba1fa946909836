"""The trainings of `experiments/answering.py`: a skill from examples, a preference from pairs, a skill from rewards."""

from collections.abc import Sequence
from statistics import fmean
from time import process_time

import torch
from answering_rest import PLAIN, conversation, stutters, words
from torch import Tensor, nn

from largemodels.data import FORMS, NEW_FORMS, Question, small_questions, smollm2, written_dates
from largemodels.layers import adapt, adapters, unadapted
from largemodels.models import Llama, write_each
from largemodels.text import Tokenizer
from largemodels.train import answer_loss, dpo_loss, exact, group_advantages, grpo_loss, in_batches, pack
from largemodels.train import log_probabilities as logs
from largemodels.train.answers import answer_logits
from largemodels.train.loss import IGNORED

DATES = "Write dates as YYYY-MM-DD."  # what the model is told before
LAYERS = "blocks.2?.*"  # the last ten of thirty
HELD_OUT, NEW, LOOKED_AT = 144, 48, 48  # dates to test on; those in new forms; those tested on between
RANK = 2
LENGTH = 16  # tokens of an answer, at most
SAMPLES, TEMPERATURE, BETA = 4, 0.7, 0.1
GROUP = 8


def fresh(rank: int | None = RANK) -> tuple[Llama, list[nn.Parameter]]:
    """Return the model with what is to learn, in float32: updates of a rank, or the weights of the layers themselves.

    Beside updates the weights are in bfloat16, as they do not change.
    """
    if rank is not None:
        model = adapt(Llama.from_gguf(smollm2(), torch.bfloat16), LAYERS, rank=rank, alpha=2 * rank)
        return model, list(adapters(model).parameters())
    model = Llama.from_gguf(smollm2()).requires_grad_(False)
    return model, [p.requires_grad_() for block in model.blocks[20:] for p in block.parameters() if p.ndim == 2]


@torch.no_grad()
def in_float32(model: Llama) -> Llama:
    """Return the model as its file has it, in float32, with what another one has learned."""
    learned = adapters(model)
    if not len(learned):
        return model
    rank = len(next(iter(learned.values())))  # rows of the first A
    same = adapt(Llama.from_gguf(smollm2()), LAYERS, rank=rank, alpha=2 * rank)
    adapters(same).load_state_dict(learned.state_dict())
    return same


def dates(tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], shown: Sequence = ()) -> tuple[Tensor, Tensor]:
    """Return conversations about dates, packed; each begins with those ``shown``, with their answers."""
    before = [text for pair in shown for text in pair]
    prompts = [conversation(tokenizer, DATES, *before, written) for written, _ in pairs]
    return pack(prompts, [ended(tokenizer, iso) for _, iso in pairs])


def ended(tokenizer: Tokenizer, text: str) -> Tensor:
    """Return the ids of an answer, with the token that ends it."""
    return torch.cat([tokenizer.encode(text), torch.tensor([tokenizer.ids["<|im_end|>"]])])


def scheduled(rate: float, step: int, steps: int) -> float:
    """Return the learning rate of a step: it rises for five steps, and falls to zero after a fifth of them."""
    return rate * min(1, (step + 1) / 5, 1.25 * (steps - step) / steps)


def digits(right: Tensor) -> str:
    """Return truth values as a text of 0 and 1."""
    return "".join(str(int(each)) for each in right)


def before(model: Llama, tokenizer: Tokenizer) -> dict:
    """Test the model as it is on the dates that are held out: without examples, with six, and asked in a sentence."""
    held_out, shown = written_dates(HELD_OUT, 0, held_out=True), written_dates(len(FORMS), 0)
    return {
        "way": "before",
        "right": digits(exact(model, *dates(tokenizer, held_out))),
        "new_forms": digits(exact(model, *dates(tokenizer, written_dates(NEW, 1, True, NEW_FORMS)))),
        "six examples in the prompt": digits(exact(model, *dates(tokenizer, held_out[:72], shown), batch=24)),
        "asked in a sentence": digits(in_a_sentence(model, tokenizer, held_out[:72])),
    }


def in_a_sentence(model: Llama, tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> Tensor:
    """Return for each date whether it stands, as YYYY-MM-DD, anywhere in the model's answer to a plain request."""
    asked = [{"role": "user", "content": f"Write this date as YYYY-MM-DD: {written}"} for written, _ in pairs]
    ids = write_each(model, [tokenizer.prompt([turn]) for turn in asked], 48, tokenizer.stop, temperature=0)
    return torch.tensor([iso in tokenizer.decode(text) for text, (_, iso) in zip(ids, pairs, strict=True)])


def fine_tune(tokenizer, seed: int, rank: int | None, steps: int, rate: float, size: int = 8, curve: bool = True):
    """Fine-tune on dates with the answer's loss; return the model and what was measured."""
    torch.manual_seed(seed)
    model, learned = fresh(rank)
    x, y = dates(tokenizer, written_dates(steps * size, seed))
    looked_at = dates(tokenizer, written_dates(HELD_OUT, 0, held_out=True)[:LOOKED_AT])
    optimizer = torch.optim.Adam(learned, lr=rate)
    losses, curves, seconds = [], [], 0.0
    order = in_batches(len(x), size, steps, torch.Generator().manual_seed(seed))
    for step, some in enumerate(order):
        start = process_time()
        optimizer.param_groups[0]["lr"] = scheduled(rate, step, steps)
        with torch.autocast("cpu", torch.bfloat16, enabled=rank is None):
            loss = answer_loss(model, x[some], y[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds += process_time() - start
        losses.append(round(loss.item(), 4))
        if curve and step + 1 in (5, 10, 20, 40):
            curves.append([step + 1, exact(model, *looked_at).float().mean().item()])
    return model, {
        "parameters": sum(p.numel() for p in learned),
        "examples": len(x),
        "loss": losses,
        "curve": curves,
        "cpu_seconds": round(seconds, 1),
    }


def tested(model: Llama, tokenizer: Tokenizer) -> dict[str, str]:
    """Test a model on held-out dates, in the forms that were learned from and in new ones."""
    held_out, new = written_dates(HELD_OUT, 0, held_out=True), written_dates(NEW, 1, True, NEW_FORMS)
    return {
        "right": digits(exact(model, *dates(tokenizer, held_out))),
        "new_forms": digits(exact(model, *dates(tokenizer, new))),
    }


def sampled(
    model, tokenizer, questions: Sequence[Question], seed: int, samples: int
) -> list[list[tuple[Tensor, float]]]:
    """Let a model answer each question several times; return for each the answers' ids and scores."""
    prompts = [conversation(tokenizer, PLAIN, question.text) for question in questions for _ in range(samples)]
    chance = torch.Generator().manual_seed(seed)
    ids = write_each(model, prompts, LENGTH, tokenizer.stop, temperature=TEMPERATURE, generator=chance)
    scored = [(x, scored_by(questions[i // samples], tokenizer, x)) for i, x in enumerate(ids)]
    return [scored[i : i + samples] for i in range(0, len(scored), samples)]


def scored_by(question: Question, tokenizer: Tokenizer, ids: Tensor) -> float:
    """Return a question's score of an answer."""
    return round(question.score(tokenizer.decode(ids, special=False), int(ids[-1]) in tokenizer.stop), 2)


def pairs_of(questions: Sequence[Question], answers) -> list[tuple[str, Tensor, Tensor]]:
    """Return questions, each with the best and the worst answer to it, but for those whose answers score alike."""
    found = []
    for question, group in zip(questions, answers, strict=True):
        worst, *_, best = sorted(group, key=lambda scored: scored[1])
        if best[1] > worst[1]:
            found.append((question.text, best[0], worst[0]))
    return found


def packed(tokenizer: Tokenizer, pairs: Sequence[tuple[str, Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    """Return the conversations with the better answers, and those with the worse."""
    questions, *both = zip(*pairs, strict=True)
    prompts = [conversation(tokenizer, PLAIN, question) for question in questions]
    return [pack(prompts, answers) for answers in both]


def in_words(tokenizer: Tokenizer, pairs: Sequence[tuple[str, Tensor, Tensor]]) -> list[list[str]]:
    """Return pairs as texts; the token that ends an answer is written."""
    return [[question, tokenizer.decode(best), tokenizer.decode(worst)] for question, best, worst in pairs]


@torch.no_grad()
def scores_of(model: Llama, *packed: tuple[Tensor, Tensor]) -> list[Tensor]:
    """Return the log-probability of each answer under a model."""
    return [torch.cat([logs(model, *part) for part in zip(x.split(16), y.split(16), strict=True)]) for x, y in packed]


def prefer(tokenizer, seed: int, held_out: list[Question], first, questions: int, epochs: int, rate: float, size=8):
    """Optimise a preference on pairs of the model's own answers; return the model and what was measured.

    ``first`` are the original's answers to the questions that are held out.
    """
    torch.manual_seed(seed)
    model, learned = fresh()
    asked = small_questions(questions, seed)
    with unadapted(model):
        pairs = pairs_of(asked, sampled(model, tokenizer, asked, seed, SAMPLES))
        best, worst = packed(tokenizer, pairs)
        reference = scores_of(model, best, worst)
    optimizer, n, seconds, losses = torch.optim.Adam(learned, lr=rate), len(best[0]), 0.0, []
    steps = epochs * n // size
    for step, some in enumerate(in_batches(n, size, steps, torch.Generator().manual_seed(seed))):
        start = process_time()
        optimizer.param_groups[0]["lr"] = scheduled(rate, step, steps)
        chosen, rejected = (logs(model, x[some], y[some]) for x, y in (best, worst))
        loss = dpo_loss(chosen, rejected, *(scores[some] for scores in reference), beta=BETA)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds += process_time() - start
        losses.append(round(loss.item(), 4))
    own = scores_of(model, best, worst)
    compared = packed(tokenizer, pairs_of(held_out, first))
    after = scores_of(model, *compared)
    with unadapted(model):
        was = scores_of(model, *compared)
    now = sampled(model, tokenizer, held_out, 100 + seed, 2)
    return model, {
        "pairs": in_words(tokenizer, pairs),
        "steps": steps,
        "loss": losses,
        "scores": [[score for _, score in group] for group in now],
        "words": round(fmean(words(tokenizer, x) for group in now for x, _ in group), 3),
        "chosen": [round(each, 3) for each in (after[0] - was[0]).tolist()],
        "rejected": [round(each, 3) for each in (after[1] - was[1]).tolist()],
        "own_chosen": [round(each, 3) for each in (own[0] - reference[0]).tolist()],
        "own_rejected": [round(each, 3) for each in (own[1] - reference[1]).tolist()],
        "repeats": round(fmean(stutters(tokenizer, x) for group in now for x, _ in group), 3),
        "examples": [tokenizer.decode(group[0][0], special=False) for group in now[:10]],
        "cpu_seconds": round(seconds, 1),
    }


def reward(tokenizer, model: Llama, seed: int, steps: int, rate: float, questions: int = 4, shuffled: bool = False):
    """Go on training a model on dates without showing it any answer: a program says which of its own are right.

    Return for each step the share of right answers, and in how many groups they differed. With ``shuffled`` rewards
    go to answers of the same group at random: the control, from which there is nothing to learn about dates.
    """
    asked = written_dates(steps * questions, 1000 + seed)
    optimizer = torch.optim.Adam(adapters(model).parameters(), lr=rate)
    chance, mixing, found = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed), []
    for first in range(0, len(asked), questions):
        group = asked[first : first + questions]
        prompts = [conversation(tokenizer, DATES, written) for written, _ in group for _ in range(GROUP)]
        ids = write_each(model, prompts, 12, tokenizer.stop, generator=chance)
        wanted = [ended(tokenizer, iso) for _, iso in group for _ in range(GROUP)]
        right = torch.tensor([torch.equal(x, y) for x, y in zip(ids, wanted, strict=True)]).float().view(-1, GROUP)
        order = torch.rand(right.shape, generator=mixing).argsort(1)
        gains = group_advantages(right.gather(1, order) if shuffled else right).flatten()
        if gains.any():
            logits, targets = answer_logits(model, *pack(prompts, ids))
            counts = targets != IGNORED
            new = logits.log_softmax(-1).gather(2, targets.clamp_min(0)[..., None])[..., 0]
            same = new.detach()  # one step with each group: the policy that wrote is the one that learns
            loss = grpo_loss(new, same, same, gains, counts, beta=0.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found.append({"right": round(right.mean().item(), 4), "groups": int((right.std(1) > 0).sum())})
    return found
