"""What a model costs, before it is trained."""

from largemodels.estimate.audit import AuditSize
from largemodels.estimate.belief import Belief
from largemodels.estimate.chips import CHIPS, Chip
from largemodels.estimate.compute import TrainingCompute
from largemodels.estimate.costs import LayerCost, layer_costs
from largemodels.estimate.doubling import DoublingTime
from largemodels.estimate.emissions import Cost, Emissions
from largemodels.estimate.fitting import fit_law, resampled
from largemodels.estimate.footprint import Footprint
from largemodels.estimate.formula import Formula
from largemodels.estimate.inference import InferenceMemory
from largemodels.estimate.interruptions import Interruptions
from largemodels.estimate.memory import TrainingMemory
from largemodels.estimate.net_benefit import NetBenefit
from largemodels.estimate.optimal import ComputeOptimal, Fit, ScalingLaw
from largemodels.estimate.parameters import Parameters
from largemodels.estimate.peak import held_memory, peak_memory
from largemodels.estimate.quantities import Quantity
from largemodels.estimate.resources import Resources
from largemodels.estimate.run import TrainingRun
from largemodels.estimate.saving import Saving
from largemodels.estimate.serving import Serving
from largemodels.estimate.shape import Latent, Shape
from largemodels.estimate.sizes import sizes
from largemodels.estimate.surface import LossSurface
from largemodels.estimate.threshold import Threshold
from largemodels.estimate.time import TrainingTime
from largemodels.estimate.told import told
from largemodels.estimate.two_thresholds import TwoThresholds

__all__ = [
    "CHIPS",
    "AuditSize",
    "Belief",
    "Chip",
    "ComputeOptimal",
    "Cost",
    "DoublingTime",
    "Emissions",
    "Fit",
    "Footprint",
    "Formula",
    "InferenceMemory",
    "Interruptions",
    "Latent",
    "LayerCost",
    "LossSurface",
    "NetBenefit",
    "Parameters",
    "Quantity",
    "Resources",
    "Saving",
    "ScalingLaw",
    "Serving",
    "Shape",
    "Threshold",
    "TrainingCompute",
    "TrainingMemory",
    "TrainingRun",
    "TrainingTime",
    "TwoThresholds",
    "fit_law",
    "held_memory",
    "layer_costs",
    "peak_memory",
    "resampled",
    "sizes",
    "told",
]
