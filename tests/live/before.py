"""What a graph that reads on is given at the beginning of a text, for tests."""

import numpy as np


def nothing_before(view, feeds) -> dict[str, np.ndarray]:
    """Return the past of a view's graph before there is a text; lengths are those of ``feeds``, name → tensor."""
    return {
        name: np.zeros([feeds[n[0]].shape[n[1]] if isinstance(n, tuple) else n for n in past["shape"]], np.float32)
        for name, past in view.grows["past"].items()
    }


def read_in_parts(view, session, feeds, text, cuts) -> dict[str, list[np.ndarray]]:
    """Return what a graph answers for each part of a text, each after the others; it is cut at these places."""
    past, answers = nothing_before(view, feeds), {output.name: [] for output in session.get_outputs()}
    for begin, end in zip([0, *cuts], [*cuts, text.shape[1]], strict=True):
        given = {**feeds, "text": text[:, begin:end]}
        given = {name: value.float().numpy() for name, value in given.items()}
        answer = dict(zip(answers, session.run(list(answers), {**given, **past}), strict=True))
        for name, value in answer.items():
            answers[name].append(value)
        for name, made in view.grows["past"].items():
            axis = view.grows["axes"][made["output"]][0]
            new = answer[made["output"]]
            past[name] = np.take(new, [-1], axis) if made["last"] else np.concatenate([past[name], new], axis)
    return answers
