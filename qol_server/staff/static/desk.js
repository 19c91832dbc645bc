// What every page of the desk does with a script; each page works without it.

// A one-time code comes in the fragment of its link, which no server and no log ever sees.
const code = document.querySelector("#one_time");
if (code && location.hash.length > 1) {
    code.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
}

// What went wrong is where the reader goes on.
const wrong = document.querySelector(".form [aria-invalid='true']");
if (wrong) {
    wrong.focus();
}

// One tap, one act: a form that is on its way is not sent once more.
document.addEventListener("submit", (event) => {
    const { target } = event;
    if (target.dataset.sent) {
        event.preventDefault();
        return;
    }
    target.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

// A page that is a sheet has a button for it.
document.querySelectorAll("button.print").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
});

const policy = globalThis.trustedTypes?.createPolicy("qol-desk", { createHTML: (text) => text });

/** A piece of a page that our own server made, as a document: no script in it ever runs. */
export function parsed(text) {
    return new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
}
