"""What a program without a network makes of a file: its first bytes, and a few marks of texts."""

import re

MAGIC = {  # offset and bytes at the beginning of a file → its type
    (0, b"\x89PNG\r\n\x1a\n"): "png",
    (0, b"\xff\xd8\xff"): "jpeg",
    (0, b"GIF8"): "gif",
    (0, b"\x00\x00\x01\x00"): "ico",
    (0, b"%PDF-"): "pdf",
    (8, b"WAVE"): "wav",
    (0, b"\x00\x01\x00\x00"): "ttf",
    (0, b"wOFF"): "woff",
    (0, b"wOF2"): "woff2",
    (0, b"\x93NUMPY"): "npy",
    (0, b"PK\x03\x04"): "zip",
    (0, b"\x1f\x8b"): "gzip",
    (0, b"BZh"): "bzip",
    (0, b"\xfd7zXZ\x00"): "xz",
    (0, b"\x7fELF"): "elf",
    (0, b"MZ"): "pebin",
    (0, b"SQLite format 3\x00"): "sqlite",
    (2, b"\r\n"): "pythonbytecode",  # after two bytes of Python's version
    (0, b"\x80\x04\x95"): "pickle",
    (0, b"\x80\x02"): "pickle",
    (0, b"\x80\x03"): "pickle",
}
MARKS = (  # what a text must have somewhere in its first bytes → its type; the first that fits counts
    (r"^#!.*\b(sh|bash)\b", "shell"),
    (r"^#!.*python", "python"),
    (r"(?i)^\s*(<!doctype html|<html)", "html"),
    (r"<svg[\s>]", "svg"),
    (r"^\s*<\?xml", "xml"),
    (r'^\s*[{\[]\s*(["\[{\]}]|-?\d)', "json"),
    (r'(?m)^msgid "', "po"),
    (r"(?m)^(import \w|from [\w.]+ import |def \w+\(|class \w+[(:])", "python"),
    (r"(?m)^#include\s*[<\"]|^#ifndef \w|^#pragma once", "c"),
    (r"(?m)(^|\s)(const \w+ = |let \w|function\s*\w*\(|export (default|const)|=> *\{)", "javascript"),
    (r"(?m)^[.#@]?[\w-]+[^\n;=]*\{[^}]*:[^}]*;", "css"),
    (r"(?m)^\[[\w.\"-]+\]\s*$", "toml"),
    (r"(?m)^(#{1,4} \w|```)", "markdown"),
    (r"(?m)^(=|-|~){4,}\s*$|^\.\. \w+::", "rst"),
    (r"(?m)^[\w-]+:( |$)", "yaml"),
    (r"^[^\n,]*,[^\n]*,[^\n]*\n[^\n,]*,[^\n]*,", "csv"),
)


def by_magic_number(content: bytes) -> str:
    """Return the type that the first bytes of a file tell; "txt" or "unknown" if they tell none."""
    for (offset, mark), name in MAGIC.items():
        if content[offset : offset + len(mark)] == mark:
            return name
    text = content[:2048].decode("utf-8", "replace")
    if "\0" in text or text.count("\ufffd") > len(text) // 50 + 1:
        return "unknown"
    return next((name for mark, name in MARKS if re.search(mark, text)), "txt")
