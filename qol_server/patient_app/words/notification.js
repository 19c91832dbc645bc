/** What a locked phone shows of a reminder, by language: anybody may read it, so it says nothing of health. */

const WORDS = {
    en: { title: "Reminder", body: "You have something to fill in." },
    fr: { title: "Rappel", body: "Vous avez quelque chose à remplir." },
};

/** Title, body and language in the first of the wanted languages that there are words in; English where there are none. */
export function notification(wanted) {
    const lang = wanted.map((tag) => String(tag).toLowerCase().split("-")[0]).find((tag) => Object.hasOwn(WORDS, tag)) ?? "en";
    return { lang, ...WORDS[lang] };
}
