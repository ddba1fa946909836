"""Live widgets: a view draws, a function answers, and a binding joins the two in a notebook and in a page."""

from largemodels.live.attention_explorer import AttentionExplorer, GPTExplained
from largemodels.live.attribution_explorer import AttributionExplorer
from largemodels.live.binding import live
from largemodels.live.calculator import Calculator
from largemodels.live.digit_reader import DigitReader
from largemodels.live.feature_map_explorer import FeatureMapExplorer
from largemodels.live.file_type_reader import FileTypeExplained, FileTypeReader
from largemodels.live.hidden_state_explorer import HiddenStateExplorer, HiddenStates
from largemodels.live.kernel_explorer import Convolve, KernelExplorer, thumbnail
from largemodels.live.learning_to_attend import CopyHead, LearningToAttend
from largemodels.live.learning_to_remember import LearningToRemember, Rememberers
from largemodels.live.learning_to_see import LearningToSee, SmallNetwork
from largemodels.live.llama_explained import LlamaExplained
from largemodels.live.look_up_explorer import LookUpExplorer, SoftLookUp
from largemodels.live.model_chooser import Candidate, Choose, ModelChooser, Task
from largemodels.live.next_character import NextCharacter, NextProbabilities
from largemodels.live.patch_attention_explorer import PatchAttentionExplorer
from largemodels.live.recurrence_explorer import Recur, RecurrenceExplorer
from largemodels.live.sampling_explorer import Sampling, SamplingExplorer
from largemodels.live.scaling_explorer import Law, ScalingExplorer
from largemodels.live.systems_explorer import SystemsExplorer
from largemodels.live.token_explorer import TokenExplorer, page_vocabulary
from largemodels.live.training import TrainingView
from largemodels.live.view import View

__all__ = [
    "AttentionExplorer",
    "AttributionExplorer",
    "Calculator",
    "Candidate",
    "Choose",
    "Convolve",
    "CopyHead",
    "DigitReader",
    "FeatureMapExplorer",
    "FileTypeExplained",
    "FileTypeReader",
    "GPTExplained",
    "HiddenStateExplorer",
    "HiddenStates",
    "KernelExplorer",
    "Law",
    "LearningToAttend",
    "LearningToRemember",
    "LearningToSee",
    "LlamaExplained",
    "LookUpExplorer",
    "ModelChooser",
    "NextCharacter",
    "NextProbabilities",
    "PatchAttentionExplorer",
    "Recur",
    "RecurrenceExplorer",
    "Rememberers",
    "Sampling",
    "SamplingExplorer",
    "ScalingExplorer",
    "SmallNetwork",
    "SoftLookUp",
    "SystemsExplorer",
    "Task",
    "TokenExplorer",
    "TrainingView",
    "View",
    "live",
    "page_vocabulary",
    "thumbnail",
]
