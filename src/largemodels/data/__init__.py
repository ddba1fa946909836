"""Real data as tensors ready for the device: offline first."""

from largemodels.data.batches import Batches, random_shift
from largemodels.data.cache import DataError
from largemodels.data.columns import Columns
from largemodels.data.dates import FORMS, MONTHS, NEW_FORMS, Dates, date_parts, dates, written_dates
from largemodels.data.declaration import declaration
from largemodels.data.documentation import documentation
from largemodels.data.exercises import Exercise, exercises
from largemodels.data.facts import OUTCOMES, Fact, facts, made_up
from largemodels.data.file_types import MODES, FileTypes, file_types, magika_folder
from largemodels.data.forms import align, digit_forms, digit_split
from largemodels.data.images import ImageData, Labelled, digits, digits_in_order, mnist, photographs
from largemodels.data.learners import Learners, learners
from largemodels.data.magic_numbers import by_magic_number
from largemodels.data.mortgages import Mortgages, mortgages
from largemodels.data.occupations import SETS, gendered_nouns, occupations, sentence_pairs
from largemodels.data.package_files import PackageFile, common_types, package_files
from largemodels.data.planted import MARKS, Planted, mark_shapes, planted_marks
from largemodels.data.public_texts import PublicText, public_texts
from largemodels.data.published_runs import PublishedFigure, PublishedRun, published_runs, published_sources
from largemodels.data.questions import Question, small_questions
from largemodels.data.repeats import Repeats
from largemodels.data.smollm2 import smollm2
from largemodels.data.source_code import LabelledWindows, WindowData, package_windows, source_code
from largemodels.data.spoken import Utterances, spoken_audio, spoken_digits, spoken_image, spoken_split, utterances
from largemodels.data.support import LATER, Patients, patients
from largemodels.data.systems import Figure, System, systems
from largemodels.data.text import Text, TextBatches, passages, shakespeare
from largemodels.data.traffic import Traffic, traffic

__all__ = [
    "FORMS",
    "LATER",
    "MARKS",
    "MODES",
    "MONTHS",
    "NEW_FORMS",
    "OUTCOMES",
    "SETS",
    "Batches",
    "Columns",
    "DataError",
    "Dates",
    "Exercise",
    "Fact",
    "Figure",
    "FileTypes",
    "ImageData",
    "Labelled",
    "LabelledWindows",
    "Learners",
    "Mortgages",
    "PackageFile",
    "Patients",
    "Planted",
    "PublicText",
    "PublishedFigure",
    "PublishedRun",
    "Question",
    "Repeats",
    "System",
    "Text",
    "TextBatches",
    "Traffic",
    "Utterances",
    "WindowData",
    "align",
    "by_magic_number",
    "common_types",
    "date_parts",
    "dates",
    "declaration",
    "digit_forms",
    "digit_split",
    "digits",
    "digits_in_order",
    "documentation",
    "exercises",
    "facts",
    "file_types",
    "gendered_nouns",
    "learners",
    "made_up",
    "magika_folder",
    "mark_shapes",
    "mnist",
    "mortgages",
    "occupations",
    "package_files",
    "package_windows",
    "passages",
    "patients",
    "photographs",
    "planted_marks",
    "public_texts",
    "published_runs",
    "published_sources",
    "random_shift",
    "sentence_pairs",
    "shakespeare",
    "small_questions",
    "smollm2",
    "source_code",
    "spoken_audio",
    "spoken_digits",
    "spoken_image",
    "spoken_split",
    "systems",
    "traffic",
    "utterances",
    "written_dates",
]
