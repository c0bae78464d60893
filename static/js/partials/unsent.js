// A click that came to nothing is told at once, and sent again only when the person says so.

const WORDS = {
  away: "Not sent: the server cannot be reached.",
  silent: "The server does not answer, so nobody knows whether this was done. Look again before you repeat it.",
  broken: "The server could not do this now.",
};

function tell(form, words) {
  const note = document.getElementById("note");
  if (!note) return;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "button";
  again.textContent = "Try again";
  again.addEventListener("click", () => {
    note.replaceChildren("Sending…");
    form.requestSubmit();
  });
  note.replaceChildren(words, " ", again);
  note.hidden = false;
  note.scrollIntoView({ block: "nearest" });
}

const formOf = (element) => element?.form ?? element?.closest?.("form");

export function tellUnsent() {
  document.addEventListener("htmx:error", ({ detail }) => {
    const form = formOf(detail.ctx?.sourceElement);
    if (!form || detail.ctx.response) return; // an answer came: what it says is shown
    tell(form, detail.ctx.request.signal.aborted ? WORDS.silent : WORDS.away);
  });
  document.addEventListener("htmx:response:error", ({ detail }) => {
    // Our own refusals bring their words along; a proxy's page says nothing to anybody.
    const form = formOf(detail.ctx?.sourceElement);
    if (form && !detail.ctx.text.includes("<hx-partial")) tell(form, WORDS.broken);
  });
}
