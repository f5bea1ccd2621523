# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""What a customer's whole message means when it is one of a few words.

The opt-out words are law (US: 47 CFR 64.1200(a)(10) names stop, quit, end, revoke,
opt out, cancel and unsubscribe) and carriers' practice (Twilio's list adds STOPALL,
and ARRET in Canada). They are data in code and not records on purpose: no manager may
take one away. A word counts only as the whole message: "STOP 5 pm" is a reply that a
person reads.
"""

import unicodedata

STOP_WORDS = frozenset(
    {
        "stop",
        "stopall",
        "stop all",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "opt out",
        "arret",
        "arrete",
    }
)
START_WORDS = frozenset({"start", "unstop"})
HELP_WORDS = frozenset({"help", "info"})
CONFIRM_WORDS = frozenset({"c", "confirm", "y", "yes", "ok", "1"})
CALL_WORDS = frozenset({"r", "reschedule", "call"})
# Means START to a customer who stopped, and "I confirm" to everyone else.
START_IF_STOPPED_WORDS = frozenset({"yes"})


def normalize(body):
    """`body` as the word lists spell it: no case, accents, hyphens, outer punctuation
    or superfluous blanks."""
    text = unicodedata.normalize("NFKD", body or "").casefold()
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = " ".join(text.replace("-", " ").split())
    start, end = 0, len(text)
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return text[start:end]


def keyword_of(body, stopped=False):
    """`stop`, `start`, `help`, `confirm`, `call`, or False for an ordinary reply.

    `stopped` tells whether the sender has opted out: YES opts only such a one in.
    """
    word = normalize(body)
    if word in STOP_WORDS:
        return "stop"
    if word in START_WORDS or (stopped and word in START_IF_STOPPED_WORDS):
        return "start"
    if word in HELP_WORDS:
        return "help"
    if word in CONFIRM_WORDS:
        return "confirm"
    if word in CALL_WORDS:
        return "call"
    return False
