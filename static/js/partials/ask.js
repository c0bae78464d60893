// Closes a question when it has been answered, since htmx sends the form and the page stays; and when there is nothing
// more to ask, since the button that opened it has gone with the job's state.

const open = () => document.querySelectorAll("[popover]:popover-open");

function hasOpener(asked) {
  const openers = document.querySelectorAll(`[popovertarget="${CSS.escape(asked.id)}"]`);
  return [...openers].some((button) => !asked.contains(button));
}

export function closeAnswered() {
  document.addEventListener("submit", () => open().forEach((asked) => asked.hidePopover()));
  document.addEventListener("htmx:after:swap", () => {
    for (const asked of open()) if (!hasOpener(asked)) asked.hidePopover();
  });
}
