// Closes a question when it has been answered: the page stays, since htmx sends the form.

export function closeAnswered() {
  document.addEventListener("submit", () => {
    for (const asked of document.querySelectorAll("[popover]:popover-open")) asked.hidePopover();
  });
}
