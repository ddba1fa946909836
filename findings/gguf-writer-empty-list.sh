#!/usr/bin/env bash
# gguf 0.19.0: GGUFWriter drops a list or a text that is empty, without a word: a field added with add_array(name, []) or
# add_string(name, "") is not in the file. One expects it there, as the format has both (a length of 0), and as false
# and 0 are kept. A reader cannot tell "none" from "not said": a model with no token that begins a text, or with an
# empty chat template, looks like one whose file forgot to say so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gguf==0.19.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/model.gguf" <<'PY'
import sys
from importlib.metadata import version

from gguf import GGUFReader, GGUFWriter

writer = GGUFWriter(sys.argv[1], "llama")
writer.add_array("try.list_of_two", ["a", "b"])
writer.add_array("try.empty_list", [])
writer.add_string("try.text", "a")
writer.add_string("try.empty_text", "")
writer.add_uint32("try.zero", 0)
writer.add_bool("try.false", False)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
seen = sorted(name for name in GGUFReader(sys.argv[1]).fields if name.startswith("try."))
print(version("gguf"), seen)
assert seen == ["try.false", "try.list_of_two", "try.text", "try.zero"]
PY
# Seen: 0.19.0 ['try.false', 'try.list_of_two', 'try.text', 'try.zero']
