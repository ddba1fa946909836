"""Talk to a language model in a terminal: ``python -m largemodels.chat``."""

from largemodels.chat.conversation import Conversation

__all__ = ["Conversation"]
