// Passkeys: asks the browser for one, and puts its answer into the form, which is then sent as any other.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function decoded(options) {
    const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
    return {
        ...options,
        challenge: bytes(options.challenge),
        ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
        ...(options.excludeCredentials && { excludeCredentials: known(options.excludeCredentials) }),
        ...(options.allowCredentials && { allowCredentials: known(options.allowCredentials) }),
    };
}

function encoded(credential) {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
        if (credential.response[part]) {
            response[part] = text(credential.response[part]);
        }
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

async function answer(button) {
    if (button.dataset.passkey === "add") {
        return navigator.credentials.create({ publicKey: decoded(JSON.parse(button.dataset.options)) });
    }
    const asked = await fetch(`/staff/passkey?for=${button.dataset.passkey}`, { cache: "no-store" });
    if (!asked.ok) {
        throw new Error(String(asked.status));
    }
    return navigator.credentials.get({ publicKey: decoded(await asked.json()) });
}

for (const button of window.PublicKeyCredential ? document.querySelectorAll("button[data-passkey]") : []) {
    const said = document.getElementById(button.getAttribute("aria-describedby"));
    button.hidden = false;
    button.addEventListener("click", async () => {
        said.textContent = "";
        button.disabled = true;
        try {
            button.form.elements._passkey.value = encoded(await answer(button));
            button.form.requestSubmit();
        } catch {
            said.textContent = button.dataset.failed;
            button.disabled = false;
        }
    });
}
