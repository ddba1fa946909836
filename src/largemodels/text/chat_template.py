"""Chat templates: programs in the Jinja language that write a conversation as a model was taught to read it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

# what a faulty template raises when it is run, beside the errors of Jinja
FAULTS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


def check_messages(messages: Sequence[Mapping[str, str]]) -> None:
    """Raise ``ValueError`` unless there are messages, each with a ``role`` and a ``content``."""
    if not messages:
        raise ValueError('a conversation has at least one message, such as {"role": "user", "content": "Hello"}')
    for message in messages:
        if not isinstance(message, Mapping) or not all(isinstance(message.get(k), str) for k in ("role", "content")):
            raise ValueError(f'a message has the texts "role" and "content"; got {message!r}')


def render(template: str, messages: Sequence[Mapping[str, str]], answer: bool, names: Mapping[str, str]) -> str:
    """Return what a template makes of messages.

    The template is a stranger's program: it runs in Jinja's sandbox, where it can change and reach nothing. It finds
    the names that the transformers library gives it: ``messages``, ``add_generation_prompt``, ``tools``,
    ``documents``, ``bos_token`` …, ``raise_exception``, ``strftime_now``, the filter ``tojson``.

    Args:
        template: in the Jinja language.
        messages: each has a ``role`` and a ``content``, texts.
        answer: whether the text ends where the model is to answer.
        names: names of special tokens, by the name that templates call them.

    Raises:
        ValueError: messages of another form, or a template that is faulty or refuses them.
        ImportError: Jinja is not installed.
    """
    try:
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError as error:
        raise ImportError("chat templates need the jinja2 package: pip install jinja2") from error
    check_messages(messages)

    def raise_exception(what: str):
        raise TemplateError(what)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    jinja = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    jinja.filters["tojson"] = tojson  # Jinja's own writes for HTML
    jinja.globals |= {"raise_exception": raise_exception, "strftime_now": lambda form: datetime.now().strftime(form)}
    given = {"messages": [dict(message) for message in messages], "add_generation_prompt": answer}
    try:
        return jinja.from_string(template).render(**{"tools": None, "documents": None, **names, **given})
    except (TemplateError, *FAULTS) as error:
        raise ValueError(f"the model's chat template does not take these messages: {error}") from error
