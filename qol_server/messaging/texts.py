"""What messages may say: a closed list of sentences that hold nothing of health; whatever is not one of them is withheld.

A locked screen shows a message to anybody, a mail is read by whoever keeps the mail server, a text message by whoever carries it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

TEMPLATES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "reminder": {
        "en": ("Something to fill in", "You have something to fill in."),
        "fr": ("Quelque chose à remplir", "Vous avez quelque chose à remplir."),
    },
    "case-waits": {
        "en": ("A case waits at site {site}", "A case at site {site} waits for you.\n\n{link}"),
        "fr": ("Un cas attend au centre {site}", "Un cas vous attend au centre {site}.\n\n{link}"),
    },
    "case-escalated": {
        "en": ("Nobody has taken a case at site {site}", "A case at site {site} waits, and nobody has taken it yet.\n\n{link}"),
        "fr": ("Personne n’a pris un cas au centre {site}", "Un cas attend au centre {site}, et personne ne l’a encore pris.\n\n{link}"),
    },
    "case-news": {
        "en": ("There is news about a case at site {site}", "A case at site {site} waits, and there is something new about it.\n\n{link}"),
        "fr": ("Du nouveau pour un cas au centre {site}", "Un cas attend au centre {site}, et il y a du nouveau.\n\n{link}"),
    },
    "case-stalled": {
        "en": (
            "A case at site {site} goes no further",
            "A case at site {site} was taken, and for some time nobody has worked on it.\n\n{link}",
        ),
        "fr": (
            "Un cas n’avance plus au centre {site}",
            "Un cas a été pris en charge au centre {site}, et personne n’y a travaillé depuis un certain temps.\n\n{link}",
        ),
    },
    "call-waits": {
        "en": ("A call waits at site {site}", "A call at site {site} waits for you.\n\n{link}"),
        "fr": ("Un appel attend au centre {site}", "Un appel vous attend au centre {site}.\n\n{link}"),
    },
    "call-escalated": {
        "en": ("Nobody has taken a call at site {site}", "A call at site {site} waits, and nobody has taken it yet.\n\n{link}"),
        "fr": (
            "Personne n’a pris un appel au centre {site}",
            "Un appel attend au centre {site}, et personne ne l’a encore pris.\n\n{link}",
        ),
    },
    "report-due": {
        "en": ("A report is due at site {site}", "A report at site {site} is due within four hours.\n\n{link}"),
        "fr": (
            "Une déclaration est à faire au centre {site}",
            "Une déclaration est à faire sous quatre heures au centre {site}.\n\n{link}",
        ),
    },
    "report-over": {
        "en": ("The time for a report at site {site} is over", "The time for a report at site {site} is over.\n\n{link}"),
        "fr": (
            "Le délai d’une déclaration est dépassé au centre {site}",
            "Au centre {site}, le délai d’une déclaration est dépassé.\n\n{link}",
        ),
    },
    "account-changed": {
        "en": (
            "Your account was changed",
            (
                "Your account was changed: its password, its passkeys, or its way in was made anew. If that was not you, tell your"
                " administrator at once.\n\n{link}"
            ),
        ),
        "fr": (
            "Votre compte a été modifié",
            (
                "Votre compte a été modifié : son mot de passe, ses clés d’accès ou son code d’entrée. Si ce n’est pas vous, prévenez"
                " aussitôt votre administrateur.\n\n{link}"
            ),
        ),
    },
    "digest": {
        "en": ("The week at site {site}", "At site {site} questionnaires are overdue; how many: {count}.\n\n{link}"),
        "fr": ("La semaine au centre {site}", "Au centre {site}, des questionnaires sont en retard ; combien : {count}.\n\n{link}"),
    },
}
"""Template -> language -> subject and text. English stands in for a language that is not there."""

SLOTS: Mapping[str, str] = {
    "site": "[0-9]{2}",
    "count": "[0-9]{1,4}",
    "link": r"(?:https?://[A-Za-z0-9.:\[\]/_-]{1,200}/[a-z][a-z0-9-]{1,39}/staff/(?:calls/digest|calls/[0-9]{1,12}|worklist|cases/[0-9a-f-]{36})|https?://[A-Za-z0-9.:\[\]/_-]{1,200}/staff/account)?",
}
"""What may stand in a slot: a site's number, how many, and an address of the staff's pages or nothing."""

FORBIDDEN = frozenset(
    [
        "abdominal",
        "abdominale",
        "abdominales",
        "anaemia",
        "anémie",
        "ache",
        "analgesic",
        "bleed",
        "bleeding",
        "blood",
        "breath",
        "breathless",
        "cancer",
        "capecitabine",
        "chemotherapy",
        "chimiothérapie",
        "comprimé",
        "comprimés",
        "constipation",
        "cough",
        "cramp",
        "cramps",
        "crampe",
        "crampes",
        "cytotoxic",
        "death",
        "depression",
        "desmoid",
        "desmoïde",
        "diarrhea",
        "diarrhoea",
        "diarrhée",
        "died",
        "disease",
        "dizziness",
        "dizzy",
        "dose",
        "doses",
        "dosage",
        "douleur",
        "douleurs",
        "douloureux",
        "drug",
        "drugs",
        "dépression",
        "décès",
        "edema",
        "eczema",
        "effet",
        "effects",
        "emergency",
        "essoufflement",
        "event",
        "fatigue",
        "fever",
        "feverish",
        "fibromatosis",
        "fibromatose",
        "fièvre",
        "gélule",
        "gélules",
        "health",
        "hospital",
        "hospitalisation",
        "hôpital",
        "hold",
        "headache",
        "hormone",
        "illness",
        "imatinib",
        "interference",
        "itching",
        "jaundice",
        "jaunisse",
        "maladie",
        "mal",
        "malade",
        "medicament",
        "medication",
        "medicine",
        "médicament",
        "médicaments",
        "milligram",
        "milligrams",
        "morphine",
        "mort",
        "mouth",
        "mucositis",
        "nausea",
        "nausée",
        "nausées",
        "neuropathy",
        "oedema",
        "œdème",
        "œdèmes",
        "overdose",
        "pain",
        "painful",
        "pill",
        "pills",
        "prescribed",
        "prescription",
        "progression",
        "qol",
        "quality",
        "rash",
        "relapse",
        "rechute",
        "saignement",
        "santé",
        "score",
        "severe",
        "severity",
        "side",
        "sore",
        "stool",
        "suicide",
        "sueur",
        "swelling",
        "symptom",
        "symptoms",
        "symptome",
        "symptomes",
        "symptôme",
        "symptômes",
        "tablet",
        "tablets",
        "temperature",
        "température",
        "therapy",
        "tiredness",
        "toxicity",
        "toxicité",
        "traitement",
        "treatment",
        "tumor",
        "tumour",
        "tumeur",
        "urgence",
        "vertige",
        "vomit",
        "vomited",
        "vomiting",
        "vomissement",
        "vomissements",
        "weight",
        "éruption",
    ]
)
"""Words of symptoms, drugs and instruments, in small letters: no template holds one."""


class Withheld(Exception):
    """A message is not sent, because it might say more than messages may."""


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{([a-z]+)\}", template)
    return re.compile("".join(f"(?P<{part}>{SLOTS[part]})" if nth % 2 else re.escape(part) for nth, part in enumerate(parts)))


def _patterns() -> Iterator[tuple[re.Pattern[str], re.Pattern[str]]]:
    for languages in TEMPLATES.values():
        for subject, body in languages.values():
            yield _pattern(subject), _pattern(body)


@dataclass(frozen=True, slots=True)
class Text:
    """What a channel is given to send. Nothing but a filled-in template can be one: making another raises Withheld."""

    subject: str
    body: str

    def __post_init__(self) -> None:
        for of_subject, of_body in _patterns():
            found = of_subject.fullmatch(self.subject), of_body.fullmatch(self.body)
            if found[0] and found[1]:
                for match in (found[0], found[1]):
                    _look_over(match)
                return
        raise Withheld("it is none of the templates")


def _look_over(match: re.Match[str]) -> None:
    """What stands outside of the slots holds no number and no word of health, whatever became of the templates."""
    plain = match.string
    for start, end in sorted((match.span(name) for name in match.groupdict()), reverse=True):
        plain = plain[:start] + plain[end:]
    if any(sign.isnumeric() for sign in plain):
        raise Withheld("it holds a number")
    if words(plain) & FORBIDDEN:
        raise Withheld("it holds a word of health")


def words(text: str) -> set[str]:
    """The words of a text, in small letters."""
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", text)}


def say(template: str, language: str, *, not_to_say: Iterable[str] = (), **slots: str) -> Text:
    """A template in a language with its slots filled. ``not_to_say``: the study's own names of its drug and its instruments.

    Raises Withheld where there is no such template, a slot is missing or of another form, or a name of the study would be said.
    """
    languages = TEMPLATES.get(template)
    if languages is None:
        raise Withheld("there is no such template")
    subject, body = languages.get(language.partition("-")[0], languages["en"])
    try:
        text = Text(subject.format(**slots), body.format(**slots).strip())
    except KeyError:
        raise Withheld("a slot is not filled") from None
    said = words(subject.format_map(_Empty())) | words(body.format_map(_Empty()))
    if any(words(name) and words(name) <= said for name in not_to_say):
        raise Withheld("it holds a name of the study's")
    return text


class _Empty(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
