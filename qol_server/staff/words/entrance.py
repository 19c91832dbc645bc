"""Words of the entrance: logging in, proving it again, the first set-up, the own account."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "entrance.log_in": ("Log in", "Se connecter"),
    "entrance.title": ("Log in to the desk", "Connexion au bureau"),
    "entrance.login": ("Login", "Identifiant"),
    "entrance.password": ("Password", "Mot de passe"),
    "entrance.code": ("Code of the authenticator", "Code de l’application d’authentification"),
    "entrance.code.hint": (
        "Six digits, or one of your recovery codes. Leave it empty if you have no authenticator.",
        "Six chiffres, ou l’un de vos codes de secours. Laissez vide si vous n’avez pas d’application.",
    ),
    "entrance.again": (
        "You were away for too long, so please log in again. What you typed is kept and sent then.",
        "Vous avez été absent trop longtemps : reconnectez-vous. Ce que vous avez saisi est conservé et sera envoyé.",
    ),
    "entrance.insecure": (
        "This page did not come over an encrypted connection (https), so that nobody can log in here.",
        "Cette page n’a pas été chargée par une connexion chiffrée (https) : la connexion est impossible ici.",
    ),
    "entrance.prove": ("Is it still you?", "Est-ce toujours vous ?"),
    "entrance.prove.why": (
        "What you are about to do matters: please prove once more who you are. It holds for ten minutes, and what you typed is kept.",
        "Cette action est importante : prouvez encore une fois votre identité. C’est valable dix minutes, et votre saisie est conservée.",
    ),
    "entrance.go_on": ("Go on", "Continuer"),
    "entrance.home": ("Your studies", "Vos études"),
    "entrance.no_study": (
        "Your account has no role in a study yet. Ask the administrator of the accounts.",
        "Votre compte n’a encore aucun rôle dans une étude. Adressez-vous à l’administrateur des comptes.",
    ),
    "start.nothing": (
        "Your role at one site opens no page here: accounts are managed for the study as a whole. Ask its administrator.",
        "Votre rôle limité à un centre n’ouvre ici aucune page : les comptes se gèrent pour toute l’étude, par son administrateur.",
    ),
    "entrance.all_sites": ("all sites", "tous les centres"),
    "entrance.site": ("site {site}", "centre {site}"),
    "entrance.set_up": ("Set up your account", "Préparer votre compte"),
    "entrance.set_up.what": (
        "You were given a one-time code. Choose your password; afterwards you connect an authenticator.",
        "Vous avez reçu un code à usage unique. Choisissez votre mot de passe ; ensuite vous relierez une application.",
    ),
    "entrance.one_time": ("One-time code", "Code à usage unique"),
    "entrance.new_password": ("New password", "Nouveau mot de passe"),
    "entrance.new_password.hint": (
        "At least 12 characters: several words that nobody expects beside each other.",
        "Au moins 12 caractères : plusieurs mots que personne n’attend côte à côte.",
    ),
    "entrance.factor": ("Connect your authenticator", "Relier votre application"),
    "entrance.factor.what": (
        "Scan this with an authenticator on your phone, or type the key into it. Then enter the six digits that it shows.",
        "Scannez ce code avec une application d’authentification, ou saisissez-y la clé. Puis entrez les six chiffres affichés.",
    ),
    "entrance.factor.picture": ("The key as a QR code", "La clé sous forme de code QR"),
    "entrance.factor.key": ("Key: {secret}", "Clé : {secret}"),
    "entrance.digits": ("Six digits", "Six chiffres"),
    "entrance.recovery": ("Keep these recovery codes", "Conservez ces codes de secours"),
    "entrance.recovery.what": (
        "Each of them replaces the authenticator once, {name}. They are shown this one time: print them or write them down.",
        "Chacun remplace une fois l’application, {name}. Ils ne sont affichés que cette fois : imprimez-les ou notez-les.",
    ),
    "entrance.change_password": ("Change your password", "Changer de mot de passe"),
    "entrance.change_password.then": (
        "Your other sessions end, and other browsers are not known any more; you go on here. Passkeys stay.",
        "Vos autres sessions seront fermées et les autres navigateurs oubliés ; vous continuez ici. Les clés d’accès restent.",
    ),
    "entrance.present_password": ("Present password", "Mot de passe actuel"),
    "entrance.roles": ("Your roles", "Vos rôles"),
    "done.password": (
        "Your password is changed and your other sessions have ended. Look below whether all passkeys are yours.",
        "Votre mot de passe est changé et vos autres sessions sont fermées. Vérifiez ci-dessous que toutes les clés sont les vôtres.",
    ),
    "done.out": ("You are logged out.", "Vous êtes déconnecté."),
    "role.nurse": ("nurse", "infirmier·ère"),
    "role.investigator": ("investigator", "investigateur·rice"),
    "role.data-manager": ("data manager", "gestionnaire de données"),
    "role.study-manager": ("study manager", "chef de projet"),
    "role.administrator": ("administrator", "administrateur·rice"),
    "role.inspector": ("inspector", "inspecteur·rice"),
}
