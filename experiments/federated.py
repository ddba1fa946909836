"""Learn from data that stay where they are: results/federated.json.

    OMP_NUM_THREADS=1 python experiments/federated.py [--seeds 0 1 2 3 4]

Ten clients hold the digits: dealt at random, or sorted so that each has about two labels. A network (64 to 32 to 10
units) goes back and forth 20 times; each client trains 1 or 5 passes. Beside it, the same network trained on all
data in one place, and those that each client trains alone. About a minute.
"""

import sys
from pathlib import Path

import torch
from results import asking, machine, write
from torch import nn

from largemodels.data import digits
from largemodels.privacy import Local, average_federated, even_clients, uneven_clients
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/federated.json"
CLIENTS, ROUNDS, BATCH, RATE = 10, 20, 16, 0.1
EPOCHS = (1, 5)


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def accuracy(model: nn.Module, test) -> float:
    with torch.inference_mode():
        return (model(test.images.flatten(1)).argmax(1) == test.labels).double().mean().item()


def measure(seed: int) -> list[dict]:
    data = digits(8)
    x, y = data.train.images.flatten(1), data.train.labels
    splits = {"even": even_clients(x, y, CLIENTS, seed), "uneven": uneven_clients(x, y, CLIENTS, 2, seed)}
    rows = []
    for kind, clients in splits.items():
        for epochs in EPOCHS:
            model, found, bytes_ = network(seed), [], 0
            for one in average_federated(model, clients, ROUNDS, Local(epochs, BATCH, RATE), seed):
                found.append(round(accuracy(model, data.test), 4))
                bytes_ += one.up + one.down
            rows.append({"seed": seed, "clients": kind, "epochs": epochs, "accuracy": found, "bytes": bytes_})
        alone = []
        for client in clients:
            for _ in average_federated(model := network(seed), [client], ROUNDS, Local(1, BATCH, RATE), seed):
                pass
            alone.append(accuracy(model, data.test))
        rows.append(
            {
                "seed": seed,
                "clients": kind,
                "epochs": "alone",
                "accuracy": [round(sum(alone) / len(alone), 4)],
                "bytes": 0,
            }
        )
    model = network(seed)
    for _ in average_federated(model, [(x, y)], ROUNDS, Local(1, BATCH, RATE), seed):
        pass
    rows.append(
        {
            "seed": seed,
            "clients": "one place",
            "epochs": 1,
            "accuracy": [round(accuracy(model, data.test), 4)],
            "bytes": x.numel() + y.numel(),
        }
    )
    return rows


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, range(5), FILE).parse_args(argv)
    torch.set_num_threads(1)
    head = {
        "what": "accuracy on the test part after each round of federated averaging, and bytes sent, both ways; "
        "for one place the bytes of the images, one a pixel, and labels",
        "command": "python experiments/federated.py",
        "network": f"64 to 32 to 10, gradient descent {RATE}, batches of {BATCH}",
        "clients": CLIENTS,
        "rounds": ROUNDS,
    }
    runs = [row for seed in options.seeds for row in measure(seed)]
    write(options.out, head | machine() | {"seeds": options.seeds}, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
