# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Wording that managers edit, compiled once for a whole batch of messages.

The language is a small part of Jinja2: merge fields, a few filters, ``if`` and
``for``. Whatever could call code, reach into an object or run long is refused
when the wording is saved, so that a shop manager may edit it without being
trusted with the server.
"""

import re
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

ALLOWED_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.If,
    nodes.For,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
)
ALLOWED_FILTERS = {
    "capitalize",
    "default",
    "first",
    "join",
    "last",
    "length",
    "lower",
    "title",
    "trim",
    "upper",
}
# HTML editors and libraries percent-encode an address, blanks or braces: undo that.
ENCODED_FIELD = re.compile(
    r"(?:%7B|\{){2}(?:%20|\s)*(\w+)(?:%20|\s)*(?:%7D|\}){2}", re.IGNORECASE
)


class WordingError(ValueError):
    """The wording cannot be used; ``args[0]`` is a code, ``args[1]`` the detail."""


@lru_cache(maxsize=4)
def _environment(is_html):
    environment = ImmutableSandboxedEnvironment(
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.globals.clear()
    return environment


def _parse(source, is_html):
    source = ENCODED_FIELD.sub(r"{{ \1 }}", source or "")
    try:
        tree = _environment(is_html).parse(source)
    except TemplateSyntaxError as error:
        raise WordingError("syntax", f"{error.message} ({error.lineno})") from error
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, ALLOWED_NODES):
            raise WordingError("forbidden", type(node).__name__.lower())
        if isinstance(node, nodes.Filter) and node.name not in ALLOWED_FILTERS:
            raise WordingError("filter", node.name)
        if not _is_bounded(node):
            raise WordingError("forbidden", type(node).__name__.lower())
    return source, meta.find_undeclared_variables(tree)


def _is_bounded(node):
    """Tell whether a node adds no more than a fixed number of signs for each value.

    Loops within loops, and values that are joined with each other, multiply: a few
    long names would fill the server's memory.
    """
    if isinstance(node, nodes.For):
        return isinstance(node.iter, nodes.Name) and not any(
            inner is not node for inner in node.find_all(nodes.For)
        )
    if not isinstance(node, nodes.Filter):
        return True
    arguments = [*node.args, *(pair.value for pair in node.kwargs)]
    plain = (nodes.Const, nodes.Name) if node.name == "default" else (nodes.Const,)
    if node.dyn_args or node.dyn_kwargs:
        return False
    if any(not isinstance(argument, plain) for argument in arguments):
        return False
    return node.name != "join" or not any(
        inner is not node and inner.name == "join"
        for inner in node.find_all(nodes.Filter)
    )


@lru_cache(maxsize=512)
def compile_wording(source, is_html=False):
    """Compile a wording.

    :param str source: the wording with ``{{ merge_field }}``
    :param bool is_html: values are escaped, as for an e-mail
    :return: ``(render, names)``: a function of a dict of values, and the set of
        merge fields that it needs. ``render`` raises ``WordingError`` for values that
        the wording cannot take, such as the first letter of nothing
    :raise WordingError: when it is not allowed or not well-formed
    """
    source, names = _parse(source, is_html)
    template = _environment(is_html).from_string(source)

    def render(values):
        try:
            return template.render(values)
        except (TemplateError, TypeError, ValueError) as error:
            raise WordingError("render", str(error)) from error

    return render, frozenset(names)
