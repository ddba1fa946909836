#!/usr/bin/env bash
# magika 1.0.3 (model standard_v3_3): whether prose in UTF-8 is text depends on its script.
#
# Python 3.11. Article 1 of the Universal Declaration of Human Rights, valid UTF-8 without any control character: in
# English, Russian, Japanese it is "txt"; in Amharic and in Korean the default mode says "unknown" (application/
# octet-stream), in Amharic with full confidence, because the network takes it for random bytes. For files below 8 bytes
# the product does try to decode UTF-8, and says "txt"; for longer ones it does not. Who routes files by this answer
# sends such texts where binary data go.
#
# Output seen:
#   English: txt, txt 1.00
#   Russian: txt, txt 0.74
#   Japanese: txt, txt 1.00
#   Amharic: unknown, randombytes 1.00
#   Korean: unknown, randombytes 0.77
#   7 bytes of Amharic: txt
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check magika==1.0.3 onnxruntime==1.32.0 numpy==2.4.6
cat > "$folder/prose.py" <<'PY'
from magika import Magika

TEXTS = {
    "English": """All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.""",
    "Russian": """Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.""",
    "Japanese": """すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。""",
    "Amharic": """የሰው፡ልጅ፡ሁሉ፡ሲወለድ፡ነጻና፡በክብርና፡በመብትም፡እኩልነት፡ያለው፡ነው።፡የተፈጥሮ፡ማስተዋልና፡ሕሊና፡ስላለው፡አንዱ፡ሌላውን፡በወንድማማችነት፡መንፈስ፡መመልከት፡ይገባዋል።""",
    "Korean": """모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.""",
}
product = Magika()
for language, text in TEXTS.items():
    answer = product.identify_bytes(text.encode("utf-8")).prediction
    print(f"{language}: {answer.output.label}, {answer.dl.label} {answer.score:.2f}")
few = TEXTS["Amharic"].encode("utf-8")[:6] + b"\n"
print(f"{len(few)} bytes of Amharic:", product.identify_bytes(few).prediction.output.label)
PY
"$folder/venv/bin/python" "$folder/prose.py"
