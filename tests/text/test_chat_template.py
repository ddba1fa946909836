"""Chat templates give what they give in the transformers library, and can do nothing else."""

import re
from datetime import datetime

import pytest
from saved_tokenizers import real
from transformers.utils.chat_template_utils import render_jinja_template

from largemodels.text.chat_template import render

NAMES = {"bos_token": "<s>", "eos_token": "</s>"}
TALKS = [
    [{"role": "user", "content": "Hello"}],
    [{"role": "system", "content": " Be brief.\n"}, {"role": "user", "content": "1 < 2 & 'x' \"y\""}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b 🦙"}, {"role": "user", "content": ""}],
]
TEMPLATES = {
    "trimmed blocks": "{{ bos_token }}\n  {% for m in messages %}\n [{{ m['role'] }}]\n{% endfor %}\n  {# no #}\nend\n",
    "loop controls": "{% for m in messages %}{% if loop.last %}{% break %}{% endif %}{{ m }} {% endfor %}",
    "tojson": "{% for m in messages %}{{ m | tojson }}{{ m.content | tojson(indent=2) }}{% endfor %}",
    "namespace": "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
    "nothing given": "{{ tools is none }}{{ documents is none }}{{ unknown is defined }}{{ add_generation_prompt }}",
    "year": "{{ strftime_now('%Y') | length }}",
    "methods": "{{ messages[0].content.strip().upper() }}{{ messages | length }}{{ messages[-1]['role'] == 'user' }}",
}


@pytest.mark.parametrize("answer", [False, True])
@pytest.mark.parametrize("talk", TALKS, ids=["one", "system", "three"])
@pytest.mark.parametrize("name", [*TEMPLATES, "SmolLM2"])
def test_a_template_writes_what_it_writes_in_transformers(name, talk, answer):
    template, names = (real().template, real().names) if name == "SmolLM2" else (TEMPLATES[name], NAMES)
    theirs, _ = render_jinja_template([talk], chat_template=template, add_generation_prompt=answer, **names)
    assert [render(template, talk, answer, names)] == theirs


def test_a_template_knows_the_day():
    today = datetime.now().strftime("%d %b %Y")
    assert render("{{ strftime_now('%d %b %Y') }}", TALKS[0], True, {}) in (today, datetime.now().strftime("%d %b %Y"))


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('only users speak') }}",
        "{{ messages[0].content + 1 }}",
        "{{ 1 / 0 }}",
        "{% for m in messages %}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update(role='x') }}",
        "{{ ''.__class__.__mro__ }}{{ messages.__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__.__globals__ }}{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ range(10 ** 9) | list }}",
        "{% include '/etc/passwd' %}",
        "{{ none.x.y }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_a_template_that_refuses_is_faulty_or_reaches_for_more_is_an_error(template):
    with pytest.raises(ValueError, match=r"the model's chat template does not take these messages: ."):
        render(template, TALKS[0], True, {})


def test_what_a_template_says_of_the_messages_is_passed_on():
    with pytest.raises(ValueError, match="only users speak"):
        render("{{ raise_exception('only users speak') }}", TALKS[0], True, {})


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "at least one message"),
        (["Hello"], "'Hello'"),
        ([{"role": "user"}], re.escape("{'role': 'user'}")),
        ([{"role": "user", "content": 3}], "'content': 3"),
        ([{"content": "Hello"}], 'the texts "role" and "content"'),
    ],
)
def test_messages_of_another_form_are_refused(messages, reason):
    for method in (real().chat, real().prompt):
        with pytest.raises(ValueError, match=reason):
            method(messages)


def test_messages_stay_as_they_are():
    messages = [{"role": "user", "content": "a<|im_end|>"}]
    real().prompt(messages)
    assert messages == [{"role": "user", "content": "a<|im_end|>"}]


def test_without_jinja_the_error_names_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match="pip install jinja2"):
        render("", TALKS[0], True, {})
