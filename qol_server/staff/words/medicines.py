"""Words about concomitant medicines."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "medicines.title": ("Other medicines of {number}", "Autres médicaments de {number}"),
    "medicines.list": ("What is or was taken besides the study’s drug", "Ce qui est ou a été pris en plus du médicament de l’étude"),
    "medicines.none": ("No other medicine is written down", "Aucun autre médicament noté"),
    "medicines.none.why": (
        "Ask at each visit, also for what needs no prescription.",
        "Demandez à chaque visite, même pour ce qui est sans ordonnance.",
    ),
    "medicines.new": ("Another medicine", "Un autre médicament"),
    "medicines.name": ("Name", "Nom"),
    "medicines.code": ("ATC code", "Code ATC"),
    "medicines.code.hint": ("Such as M01AE01.", "Par exemple M01AE01."),
    "medicines.code.wrong": ("This is no ATC code.", "Ce n’est pas un code ATC."),
    "medicines.indication": ("What it is taken for", "Pourquoi il est pris"),
    "medicines.purpose": ("Is it against the disease of the study?", "Est-ce contre la maladie de l’étude ?"),
    "medicines.purpose.disease": ("Yes, against this disease", "Oui, contre cette maladie"),
    "medicines.purpose.other": ("No, for something else", "Non, pour autre chose"),
    "medicines.purpose.unknown": ("Not known", "Inconnu"),
    "medicines.dose": ("Dose", "Dose"),
    "medicines.dose.hint": ("In words, such as 400 mg when needed.", "En clair, par exemple 400 mg si besoin."),
    "medicines.start": ("First day", "Premier jour"),
    "medicines.start.hint": ("Leave it empty where nobody knows.", "À laisser vide si personne ne le sait."),
    "medicines.standing": ("Is it still taken?", "Est-il encore pris ?"),
    "medicines.ongoing": ("still taken", "encore pris"),
    "medicines.ended": ("stopped", "arrêté"),
    "medicines.not-known": ("not known", "inconnu"),
    "medicines.end": ("Last day", "Dernier jour"),
    "medicines.end.hint": ("Only where it was stopped.", "Seulement s’il est arrêté."),
    "medicines.rules": ("The study’s rules", "Règles de l’étude"),
    "medicines.flag": ("Rule", "Règle"),
    "medicines.deviation": ("What was decided about it", "Ce qui a été décidé"),
    "medicines.deviation.hint": (
        "Such as: stopped, discussed with the investigator, allowed until …; it is a deviation of the protocol.",
        "Par exemple : arrêté, discuté avec l’investigateur, permis jusqu’au … ; c’est une déviation au protocole.",
    ),
    "medicines.save": ("Write it down", "Noter"),
    "medicines.change": ("Save the change", "Enregistrer la modification"),
    "medicines.why_changed": ("Why it is changed", "Motif de la modification"),
    "medicines.why.forbidden": ("{group}: not allowed during the study.", "{group} : interdit pendant l’étude."),
    "medicines.why.for-disease": (
        "{group}: not allowed against the disease of the study.",
        "{group} : interdit contre la maladie de l’étude.",
    ),
    "medicines.why.purpose-unknown": (
        "{group}: allowed only where it is not against the disease of the study; that is not known here.",
        "{group} : permis seulement si ce n’est pas contre la maladie de l’étude ; on ne le sait pas ici.",
    ),
    "medicines.why.stopped-late": (
        "{group}: was not stopped long enough before the study.",
        "{group} : n’a pas été arrêté assez tôt avant l’étude.",
    ),
    "medicines.group.immunomodulators": ("Immunomodulating drugs", "Immunomodulateurs"),
    "medicines.group.cytotoxics": ("Cytotoxic chemotherapy", "Chimiothérapie cytotoxique"),
    "medicines.group.hormones": ("Hormonal treatment", "Traitement hormonal"),
    "medicines.group.nsaids": ("Non-steroidal anti-inflammatory drugs", "Anti-inflammatoires non stéroïdiens"),
    "medicines.group.earlier_treatment": (
        "Hormones or anti-inflammatory drugs against the tumour",
        "Hormones ou anti-inflammatoires contre la tumeur",
    ),
    "done.medicines.recorded": ("It is written down.", "C’est noté."),
    "done.medicines.changed": (
        "It is changed; what was written before stays in the journal.",
        "C’est modifié ; l’ancienne version reste au journal.",
    ),
}
