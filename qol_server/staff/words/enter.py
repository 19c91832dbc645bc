"""Words about answers that staff type in."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "enter.title": ("Enter answers of {number}", "Saisir des réponses de {number}"),
    "enter.of": ("{what}, for {number}", "{what}, pour {number}"),
    "enter.explained": (
        "For answers given by telephone or on paper. They are checked, raise alerts and count like those of the phone.",
        "Pour les réponses données par téléphone ou sur papier. Elles sont vérifiées et comptent comme celles de l’application.",
    ),
    "enter.visit": ("Visit", "Visite"),
    "enter.target": ("Aimed at", "Jour visé"),
    "enter.open": ("Open or late", "Ouvert ou en retard"),
    "enter.none": ("Nothing is open", "Rien n’est ouvert"),
    "enter.none.why": (
        "All that is asked now was answered. Something that happened, or a window that is over, can still be entered below.",
        "Tout ce qui est demandé a reçu une réponse. Un événement ou une période passée peut encore être saisi ci-dessous.",
    ),
    "enter.ad_hoc": ("Something happened", "Quelque chose est arrivé"),
    "enter.missed": ("Missed", "Manqué"),
    "enter.typed": ("Typed at the site", "Saisi au centre"),
    "enter.typed_by": ("Typed by", "Saisi par"),
    "enter.mode": ("How the answers were given", "Comment les réponses ont été données"),
    "enter.mode.telephone": ("By telephone", "Par téléphone"),
    "enter.mode.paper": ("On paper", "Sur papier"),
    "enter.by": ("Who answered", "Qui a répondu"),
    "enter.by.participant": ("The participant", "La personne elle-même"),
    "enter.by.proxy": ("Somebody else for the participant", "Quelqu’un d’autre à sa place"),
    "enter.by.staff": ("Staff, from what is known here", "L’équipe, d’après ce qui est connu ici"),
    "enter.answered": ("When it was answered", "Quand les réponses ont été données"),
    "enter.answered.hint": (
        "Day and hour where the participant was ({zone}); that you type it now is recorded by itself.",
        "Jour et heure là où se trouvait la personne ({zone}) ; l’heure de votre saisie est notée à part.",
    ),
    "enter.future": ("That has not come yet.", "Ce moment n’est pas encore venu."),
    "enter.scan": ("Where the paper is", "Où se trouve le papier"),
    "enter.scan.hint": ("Such as a folder and a page.", "Par exemple un classeur et une page."),
    "enter.blank": ("Left empty", "Laissé vide"),
    "enter.not_allowed": ("This question does not allow that answer.", "Cette question n’admet pas cette réponse."),
    "enter.keep": (
        "It was said or written exactly so: keep it for review",
        "C’est bien ce qui a été dit ou écrit : conserver pour examen",
    ),
    "enter.keep.ask": (
        "Mend the marked answers, or tick this.",
        "Corrigez les réponses signalées ou cochez cette case.",
    ),
    "enter.why": ("Why it is corrected", "Motif de la correction"),
    "enter.by_phone": (
        "This was answered on the phone; nothing is typed over it. Answered:",
        "La réponse est venue du téléphone ; rien n’est saisi par-dessus. Réponse :",
    ),
    "enter.correcting": (
        "{who} typed this already; what you save corrects it, and the first stays readable. Typed:",
        "{who} l’a déjà saisi ; votre saisie le corrige et la première reste lisible. Saisi :",
    ),
    "enter.save": ("Save the answers", "Enregistrer les réponses"),
    "enter.correct": ("Save the correction", "Enregistrer la correction"),
    "done.enter.stored": ("The answers are stored.", "Les réponses sont enregistrées."),
    "done.enter.second": (
        "The phone had sent an answer meanwhile. That one counts; what you typed is stored beside it.",
        "Le téléphone avait envoyé une réponse entre-temps. C’est elle qui compte ; votre saisie est conservée à côté.",
    ),
    "done.enter.kept": (
        "The answers are kept for review; the data manager will look at them.",
        "Les réponses sont conservées pour examen ; le gestionnaire de données les regardera.",
    ),
}
