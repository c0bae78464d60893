// Forms: focus on the errors, and one post for a double click. The button keeps the focus; it is never disabled.

export function focusFirstError() {
  document.querySelector("[data-autofocus]")?.focus();
}

/** After a file was checked in place: what is wrong gets the focus, and a file that the server keeps is not sent again. */
export function settleChecked() {
  document.addEventListener("htmx:after:swap", () => {
    focusFirstError();
    for (const input of document.querySelectorAll("input[type=file][data-kept]")) input.value = "";
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
