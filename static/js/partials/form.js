// Forms: focus on the errors, and one post for a double click. The button keeps the focus; it is never disabled.

export function focusFirstError() {
  document.querySelector("[data-autofocus]")?.focus();
}

/** After a file was checked in place the focus goes to what is wrong, or stays at the button. */
export function settleChecked() {
  let checked = "";
  document.addEventListener("htmx:before:request", ({ detail }) => { checked = detail.ctx.sourceElement.id; });
  document.addEventListener("htmx:after:swap", () => {
    focusFirstError();
    if (checked && document.activeElement === document.body) document.getElementById(checked)?.focus();
  });
}

export function keepOnce() {
  for (const form of document.querySelectorAll("form[data-keep-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      if (event.submitter?.formNoValidate) return;
      form.dataset.sent = "true";
      event.submitter?.setAttribute("aria-busy", "true");
    });
    window.addEventListener("pageshow", () => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    });
  }
}
