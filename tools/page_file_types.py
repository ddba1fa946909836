"""Write assets/models/file-types.onnx: Magika's network as a page asks it, from the package's own file.

    python tools/page_file_types.py

The weights are rounded to half precision. The file is kept in the repository, so that the book is built without the
package. Magika is Google's, under the Apache licence, version 2.0: https://github.com/google/magika
"""

from pathlib import Path

from largemodels.data import file_types, magika_folder
from largemodels.export import read_onnx_weights
from largemodels.live import FileTypeExplained, FileTypeReader, live
from largemodels.models import file_type_net

TARGET = Path(__file__).resolve().parents[1] / "assets/models/file-types.onnx"
EXAMPLE = b"import this\n"


def page_model() -> bytes:
    """Return what the reader of file types asks, as ONNX."""
    model = file_type_net(read_onnx_weights(magika_folder() / "model.onnx")).half().float()
    types = file_types()
    view = FileTypeReader(types, {"an example": EXAMPLE})
    return live(view, FileTypeExplained(model), {"tokens": types.tokens(EXAMPLE)[None]}).onnx


if __name__ == "__main__":
    TARGET.write_bytes(page_model())
