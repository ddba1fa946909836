"""The code of the textbook *Inside Large AI Models*: layers, models, training and live widgets."""

__version__ = "0.1.0"
