"""One widget of every kind, small and untrained, for what all of them have to do."""

import torch

from largemodels import data
from largemodels.data import FileTypes, digits
from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.estimate import DoublingTime, Fit, LossSurface, TrainingTime
from largemodels.interpret import AttributionMaps, Watched
from largemodels.live import (
    AttentionExplorer,
    AttributionExplorer,
    Calculator,
    Candidate,
    Choose,
    Convolve,
    DigitReader,
    FeatureMapExplorer,
    FileTypeExplained,
    FileTypeReader,
    GPTExplained,
    HiddenStateExplorer,
    HiddenStates,
    KernelExplorer,
    Law,
    LearningToAttend,
    LearningToRemember,
    LearningToSee,
    LlamaExplained,
    LookUpExplorer,
    ModelChooser,
    NextCharacter,
    PatchAttentionExplorer,
    Recur,
    RecurrenceExplorer,
    Sampling,
    SamplingExplorer,
    ScalingExplorer,
    SmallNetwork,
    SoftLookUp,
    SystemsExplorer,
    Task,
    TokenExplorer,
    live,
)
from largemodels.live.learning_to_attend import copy_head, copy_loss
from largemodels.live.learning_to_remember import both_losses, rememberers
from largemodels.models import (
    GPT,
    CharRNN,
    CharRNNConfig,
    ConvNet,
    FileTypeConfig,
    FileTypeNet,
    GPTConfig,
    Llama,
    LlamaConfig,
    ViT,
    ViTConfig,
)
from largemodels.text import Tokenizer, train_bpe
from largemodels.train import TrainingStep

TEXT = "for name in names: print(name.strip().lower(), end=', ')  # all"


def kernel():
    photo = torch.rand(1, 1, 72, 96)
    return live(KernelExplorer({"noise": photo}), Convolve(), {"image": photo, "kernel": torch.ones(1, 1, 3, 3)})


def feature_maps():
    images = digits().test.images[:3]
    view = FeatureMapExplorer(images, digits().names)
    return live(view, Watched(ConvNet(), "stages.*.conv", "stages.*.relu"), {"image": images[:1]})


def digit_reader():
    images = digits().test.images[:3]
    return live(DigitReader(images, digits().names), ConvNet(), {"image": images[:1]})


def attributions():
    images = digits().test.images[:3]
    start = {"image": images[:1], "towards": torch.tensor([-1.0])}
    return live(AttributionExplorer(images, digits().names), AttributionMaps(ConvNet()), start)


def patch_attention():
    images = digits().test.images[:3]
    model = ViT(ViTConfig(width=16, heads=2, layers=1))
    view = PatchAttentionExplorer(images, digits().names)
    return live(view, Watched(model, "layers.*.self_attn.weights"), {"image": images[:1]})


def look_up():
    start = {"query": torch.tensor([0.0, 0.7]), "keys": torch.eye(2), "values": torch.tensor([3.0, 5.0])}
    return live(LookUpExplorer("xy"), SoftLookUp(), start)


def recurrence():
    start = {"x": torch.eye(12, 1), "W": torch.ones(2, 1), "U": torch.eye(2) / 2, "b": torch.zeros(2)}
    return live(RecurrenceExplorer(), Recur(), start)


def hidden_states():
    model = CharRNN(CharRNNConfig(vocabulary=len(CODE_CHARACTERS), features=7, hidden=13))
    return live(HiddenStateExplorer(CODE_CHARACTERS), HiddenStates(model), {"ids": CODE_CHARACTERS.encode(TEXT)[None]})


def attention():
    model = GPT(GPTConfig(len(CODE_CHARACTERS), 64, 1, 2, 16)).eval()
    return live(AttentionExplorer(CODE_CHARACTERS), GPTExplained(model), {"ids": CODE_CHARACTERS.encode(TEXT)[None]})


def next_character():
    model = GPT(GPTConfig(len(CODE_CHARACTERS), 64, 1, 2, 16)).eval()
    return live(NextCharacter(CODE_CHARACTERS), model, {"ids": CODE_CHARACTERS.encode(TEXT[:40])[None]})


def tokens():
    texts = {"code": TEXT, "prose": "for all the names"}
    return TokenExplorer(Tokenizer(train_bpe(TEXT, 280)), texts, beside="smollm2-tokens")


def token_attention():
    tokenizer = Tokenizer(train_bpe(TEXT, 280))
    config = LlamaConfig(vocabulary=len(tokenizer), layers=3, heads=4, kv_heads=2, width=16, hidden=24, head_width=32)
    start = {"ids": tokenizer.encode(TEXT)[None]}
    return live(AttentionExplorer(tokenizer), LlamaExplained(Llama(config).eval()), start)


def sampling():
    view = SamplingExplorer({text: 3 * torch.randn(200) for text in ("It is", "We said <b>")}, "<{}>".format, shown=20)
    return live(view, Sampling(), view.start())


def systems():
    view = SystemsExplorer(data.systems()[20:])
    return live(view, DoublingTime(), view.start())


def scaling():
    fitted = ((3e4, 8e5), (1e6, 8e6))
    small = Law("small", Fit(0.9, 30.0, 2e4, 0.31, 0.73), "characters", (1e4, 1e8), (1e5, 1e9), fitted, 3.0,
                {"first": (1e6, 4e6)})  # fmt: skip
    large = Law("<b>large</b>", Fit(1.7, 400.0, 2e3, 0.34, 0.36), "tokens", (1e7, 1e12), (1e8, 1e14), fitted, 4.0,
                {"first": (7e10, 1.4e12), "second": (1e9, 2e10)})  # fmt: skip
    view = ScalingExplorer([small, large])
    return live(view, LossSurface(), view.start())


def chooser():
    measures = (("errors", "%"), ("time", "ms"))
    models = (
        Candidate("quick", (9.0, 0.2), 1.0),
        Candidate("<b>exact</b>", (3.0, 5.0), 0.5),
        Candidate("neither", (9.5, 7.0)),
    )
    view = ModelChooser([Task("digits", measures, models), Task("text", measures, models[:2])])
    return live(view, Choose(), view.start(), dynamic={"figures": {0: "n"}})


def some_file_types():
    """Return rules of five types, two of them with a threshold of their own, for files of up to 2 × 64 bytes."""
    names = ("python", "png", "<b>bold</b>", "randomtxt", "zip")
    renamed, texts = {"randomtxt": "txt"}, frozenset({"python", "<b>bold</b>", "txt"})
    return FileTypes(names, {"python": 0.1, "png": 0.9}, 0.5, renamed, texts, 8, 96, 64)


def file_type():
    rules = some_file_types()
    model = FileTypeNet(FileTypeConfig(length=128, features=3, filters=7, kernel=3, types=len(rules.names)))
    examples = {"text": TEXT.encode(), "long": TEXT.encode() * 3, "bytes": bytes(range(120, 250))}
    start = {"tokens": rules.tokens(examples["text"])[None]}
    return live(FileTypeReader(rules, examples), FileTypeExplained(model), start)


def learning_to_see():
    view = LearningToSee(digits(20).train, digits(20).test)
    return live(view, TrainingStep(SmallNetwork(), ("momentum", "adam")), view.batch(), view.DYNAMIC)


def calculator():
    view = Calculator("time", TrainingTime.takes, TrainingTime.gives)
    return live(view, TrainingTime(), view.start({"compute": 1e21, "chips": 8, "peak": 312, "utilisation": 0.4}))


def remember():
    step = TrainingStep(rememberers(lag=4), "adam", loss=both_losses)
    return live(
        LearningToRemember(beside="learning-to-remember", step_beside="learning-to-remember-step"),
        step,
        LearningToRemember.batch(),
    )


def attend():
    step = TrainingStep(copy_head(), "adam", loss=copy_loss)
    return live(
        LearningToAttend(beside="learning-to-attend", step_beside="learning-to-attend-step"),
        step,
        LearningToAttend.batch(),
    )


EVERY_VIEW = {
    view.__name__: view
    for view in (
        kernel,
        digit_reader,
        feature_maps,
        attributions,
        patch_attention,
        look_up,
        recurrence,
        hidden_states,
        attention,
        next_character,
        tokens,
        token_attention,
        sampling,
        systems,
        scaling,
        chooser,
        file_type,
        learning_to_see,
        calculator,
        remember,
        attend,
    )
}


class Views(dict):
    """The views by name, each made when it is asked for, whatever was drawn by chance before."""

    def __missing__(self, name: str):
        torch.manual_seed(0)
        return self.setdefault(name, EVERY_VIEW[name]())
