"""Words of the administrator's pages of accounts."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "accounts.title": ("Accounts", "Comptes"),
    "accounts.what": (
        "Whoever has a role in this study. Each role is given at one site or at all of them.",
        "Les personnes qui ont un rôle dans cette étude. Chaque rôle vaut pour un centre ou pour tous.",
    ),
    "accounts.none": ("Nobody has a role in this study yet.", "Personne n’a encore de rôle dans cette étude."),
    "accounts.name": ("Name", "Nom"),
    "accounts.login.hint": (
        "Like n.keller or nora@hospital.example. It stands in the records for good, where no name and no address does.",
        "Par exemple n.keller ou nora@hopital.example. Il figure pour toujours dans les registres, à la différence du nom et de l’adresse.",
    ),
    "accounts.email": ("E-mail", "Courriel"),
    "accounts.email.hint": (
        "If you like: where the person is told of what cannot wait.",
        "Facultatif : pour prévenir la personne de ce qui ne peut pas attendre.",
    ),
    "accounts.language": ("Language", "Langue"),
    "accounts.language.en": ("English", "anglais"),
    "accounts.language.fr": ("French", "français"),
    "accounts.roles": ("Roles in this study", "Rôles dans cette étude"),
    "accounts.role": ("Role", "Rôle"),
    "accounts.site": ("Site", "Centre"),
    "accounts.state": ("State", "État"),
    "accounts.last": ("Last log-in", "Dernière connexion"),
    "accounts.never": ("never", "jamais"),
    "accounts.ready": ("ready", "prêt"),
    "accounts.one_factor": ("password only", "mot de passe seul"),
    "accounts.waits": ("to be set up", "à préparer"),
    "accounts.expired": ("code too old", "code périmé"),
    "accounts.closed": ("closed", "fermé"),
    "accounts.add": ("Add an account", "Ajouter un compte"),
    "accounts.give": ("Give a role", "Donner un rôle"),
    "accounts.give.then": (
        "Open sessions of the account end, so that the change counts at once.",
        "Les sessions ouvertes du compte se ferment : le changement vaut aussitôt.",
    ),
    "accounts.take": ("Take this role away", "Retirer ce rôle"),
    "accounts.elsewhere": ("The account has roles in other studies as well.", "Le compte a aussi des rôles dans d’autres études."),
    "accounts.beyond": (
        (
            "This account has a role in a study that you do not administer. You may take its roles here away; for all else ask somebody"
            " who administers those studies too, or whoever runs the server."
        ),
        (
            "Ce compte a un rôle dans une étude que vous n’administrez pas. Vous pouvez retirer ses rôles ici ; sinon, adressez-vous"
            " à qui administre aussi ces études, ou à l’exploitant du serveur."
        ),
    ),
    "accounts.code": ("One-time code", "Code à usage unique"),
    "accounts.code.what": (
        "Hand this to {login} and to nobody else. It is good once, for 72 hours, and is not shown again.",
        "Remettez ceci à {login} et à personne d’autre. Valable une fois, pendant 72 heures ; ne sera plus affiché.",
    ),
    "accounts.link": ("Link", "Lien"),
    "accounts.reset": ("Make a new one-time code", "Créer un nouveau code"),
    "accounts.reset.what": (
        (
            "For a lost phone or a forgotten password: password, authenticator, passkeys and sessions end; the roles stay. A closed account"
            " is open again."
        ),
        (
            "Téléphone perdu ou mot de passe oublié : mot de passe, application, clés d’accès et sessions prennent fin ; les rôles restent."
            " Un compte fermé est rouvert."
        ),
    ),
    "accounts.close": ("Close the account", "Fermer le compte"),
    "accounts.close.what": (
        "For somebody who left: nobody logs in with it any more; what it did stays.",
        "Pour une personne partie : plus personne ne se connecte avec ce compte ; ce qu’il a fait reste.",
    ),
    "accounts.history": ("What happened to this account", "Historique du compte"),
    "done.account.closed": ("The account is closed.", "Le compte est fermé."),
    "done.role.given": ("The role is given.", "Le rôle est donné."),
    "done.role.taken": ("The role is taken away.", "Le rôle est retiré."),
    "problem.account-unknown": ("There is no such account", "Ce compte n’existe pas"),
    "problem.account-unknown.advice": ("Look at the list of accounts.", "Consultez la liste des comptes."),
    "problem.account-exists": ("This login is taken", "Cet identifiant est pris"),
    "problem.account-closed": ("This account is closed already", "Ce compte est déjà fermé"),
    "problem.account-closed.advice": ("A new one-time code opens it again.", "Un nouveau code à usage unique le rouvre."),
    "problem.account-beyond": ("This account is not yours alone to change", "Ce compte ne dépend pas de vous seul"),
    "problem.account-beyond.advice": (
        "It has a role in a study that you do not administer. Ask somebody who administers them all, or whoever runs the server.",
        "Il a un rôle dans une étude que vous n’administrez pas. Adressez-vous à qui les administre toutes, ou à l’exploitant du serveur.",
    ),
    "problem.own-account": ("This is your own account", "C’est votre propre compte"),
    "problem.own-account.advice": ("Let another administrator do this.", "Demandez-le à un autre administrateur."),
    "problem.last-administrator": ("This study would have no administrator", "Cette étude n’aurait plus d’administrateur"),
}
