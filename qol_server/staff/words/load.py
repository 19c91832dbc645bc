"""Words of the alert load."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "load.title": ("Alert load", "Charge d’alertes"),
    "load.period": ("Period", "Période"),
    "load.weeks": ("The last {n} weeks", "Les {n} dernières semaines"),
    "load.site": ("Site", "Centre"),
    "load.all": ("All sites", "Tous les centres"),
    "load.apply": ("Show", "Afficher"),
    "load.since": ("Received since {since}.", "Reçu depuis le {since}."),
    "load.alerting": ("Surveys that alert", "Questionnaires avec alerte"),
    "load.suppressed": ("Alerts explained by an expected level", "Alertes expliquées par un niveau attendu"),
    "load.escalated": ("Cases that were escalated", "Cas transmis"),
    "load.calls_closed": ("Calls closed", "Appels clos"),
    "load.part": ("{part} of {whole}", "{part} sur {whole}"),
    "load.by_week": ("By week", "Par semaine"),
    "load.chart.alerts": ("Alerts", "Alertes"),
    "load.chart.cases": ("Cases opened", "Cas ouverts"),
    "load.chart.calls": ("Calls to make", "Appels à passer"),
    "load.chart.reminders": ("Reminders sent", "Rappels envoyés"),
    "load.table": ("Counts by week", "Nombres par semaine"),
    "load.week": ("Week from", "Semaine du"),
    "load.times": ("How fast", "Délais"),
    "load.times.what": (
        "Of the cases opened in the period: the median and, below it, the 90th percentile.",
        "Pour les cas ouverts dans la période : la médiane et, dessous, le 90e centile.",
    ),
    "load.times.from": (
        "To acknowledge counts from when a case was raised last, to resolve from when it was opened; in hours: while the site watches.",
        "La prise en charge compte depuis la dernière alerte, la clôture depuis l’ouverture ; heures ouvrées : quand le centre surveille.",
    ),
    "load.by_urgency": ("By urgency", "Par urgence"),
    "load.by_site": ("By site", "Par centre"),
    "load.column.urgency": ("Urgency", "Urgence"),
    "load.column.site": ("Site", "Centre"),
    "load.column.cases": ("Cases", "Cas"),
    "load.column.acknowledged": ("To acknowledge", "Prise en charge"),
    "load.column.acknowledged_hours": ("… in hours", "… heures ouvrées"),
    "load.column.resolved": ("To resolve", "Clôture"),
    "load.column.resolved_hours": ("… in hours", "… heures ouvrées"),
    "load.column.escalated": ("Escalated", "Transmis"),
}
