"""Write what *Learning to see* has beside its page: the step that trains, what is drawn of it, and the digits.

    python tools/page_training.py

The files in assets/models/ are learning-to-see.onnx, learning-to-see-step.onnx and learning-to-see-data.bytes.
"""

from pathlib import Path

from largemodels.data import digits
from largemodels.live import LearningToSee, SmallNetwork, live
from largemodels.train import TrainingStep

MODELS = Path(__file__).resolve().parents[1] / "assets/models"
NAME = "learning-to-see"


def files() -> dict[str, bytes]:
    """Return name → content."""
    data = digits(20)
    view = LearningToSee(data.train, data.test)
    live(view, TrainingStep(SmallNetwork(), ("momentum", "adam")), view.batch(), view.DYNAMIC)
    return {
        f"{NAME}.onnx": view.onnx,
        f"{NAME}-step.onnx": view.step_onnx,
        f"{NAME}-data.bytes": view.data(),
    }


if __name__ == "__main__":
    for name, content in files().items():
        (MODELS / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")
