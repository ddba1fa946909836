#!/usr/bin/env bash
# fairlearn 0.15.0 with pandas 3.1.1 and scikit-learn 1.9.1: ThresholdOptimizer takes any fitted classifier. One expects the
# precision of its features not to matter. scikit-learn's logistic regression answers float32 features, as they come from
# torch, with float32 probabilities; with these fit works, and predict raises a TypeError of pandas about a column's type.
# The same numbers as float64 are fine. And where it draws between two thresholds, predict without random_state can refuse
# different people each time that it is asked about the same ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  fairlearn==0.15.0 pandas==3.1.1 scikit-learn==1.9.1 numpy==2.4.6 narwhals scipy==1.17.1
cat > "$folder/try.py" <<'PY'
import fairlearn
import numpy as np
import pandas
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.linear_model import LogisticRegression

chance = np.random.default_rng(0)
numbers, group = chance.normal(size=(400, 3)), chance.integers(0, 2, 400)
accepted = (numbers[:, 0] + group + chance.normal(size=400) > 0.5).astype(int)
print("fairlearn", fairlearn.__version__, "pandas", pandas.__version__)
for kind in (np.float64, np.float32):
    features = numbers.astype(kind)
    model = LogisticRegression().fit(features, accepted)
    by_group = ThresholdOptimizer(
        estimator=model, constraints="demographic_parity", predict_method="predict_proba", prefit=True
    ).fit(features, accepted, sensitive_features=group)
    print(f"{kind.__name__} features, {model.predict_proba(features).dtype} probabilities:", end=" ")
    try:
        answers = [by_group.predict(features, sensitive_features=group, random_state=seed) for seed in range(2)]
        print("answered;", "two draws differ" if (answers[0] != answers[1]).any() else "two draws agree")
    except TypeError as problem:
        print("TypeError,", str(problem).split("'")[0].strip(), "…", str(problem).rsplit("'")[-2])
PY
seen=$("$folder/venv/bin/python" "$folder/try.py")
echo "$seen"
[ "$seen" = "fairlearn 0.15.0 pandas 3.1.1
float64 features, float64 probabilities: answered; two draws differ
float32 features, float32 probabilities: TypeError, Invalid value … float32" ]
# Seen: the three lines above (AMD EPYC)
