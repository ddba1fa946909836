"""Write what the widgets that train have beside their pages: the step that trains, what is drawn of it, the digits.

    python tools/page_training.py

The files in assets/models/ are learning-to-see.onnx, learning-to-see-step.onnx and learning-to-see-data.bytes, and the
first two of learning-to-remember and of learning-to-attend.
"""

from pathlib import Path

from largemodels.data import digits
from largemodels.live import LearningToAttend, LearningToRemember, LearningToSee, SmallNetwork, live
from largemodels.live.learning_to_attend import copy_head, copy_loss
from largemodels.live.learning_to_remember import both_losses, rememberers
from largemodels.train import TrainingStep

MODELS = Path(__file__).resolve().parents[1] / "assets/models"
NAME = "learning-to-see"


def files() -> dict[str, bytes]:
    """Return name → content."""
    data = digits(20)
    see = LearningToSee(data.train, data.test)
    live(see, TrainingStep(SmallNetwork(), ("momentum", "adam")), see.batch(), see.DYNAMIC)
    race = TrainingStep(rememberers(lag=4), "adam", loss=both_losses)
    head = TrainingStep(copy_head(), "adam", loss=copy_loss)
    views = {
        NAME: see,
        "learning-to-remember": live(LearningToRemember, race, LearningToRemember.batch()),
        "learning-to-attend": live(LearningToAttend, head, LearningToAttend.batch()),
    }
    found = {f"{NAME}-data.bytes": see.data()}
    for name, view in views.items():
        found |= {f"{name}.onnx": view.onnx, f"{name}-step.onnx": view.step_onnx}
    return found


if __name__ == "__main__":
    for name, content in files().items():
        (MODELS / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")
