// "More rows" without a round trip: copies the last row, empty, with the next number.

export function addRows() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-rows]");
    if (!button) return;
    event.preventDefault();
    const rows = button.closest("fieldset").querySelectorAll("[data-row]");
    const last = rows[rows.length - 1];
    const next = last.cloneNode(true);
    const from = `.${rows.length - 1}.`;
    const to = `.${rows.length}.`;
    for (const node of next.querySelectorAll("[id], [for], [name], [aria-describedby], [data-colour-of]")) {
      for (const name of ["id", "for", "name", "aria-describedby", "data-colour-of"]) {
        if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name).replaceAll(from, to));
      }
      if ("value" in node) node.value = node.type === "color" ? "#888888" : "";
    }
    next.setAttribute("aria-label", next.getAttribute("aria-label").replace(/\d+$/, String(rows.length + 1)));
    last.after(next);
    next.querySelector("input").focus();
  });
}
