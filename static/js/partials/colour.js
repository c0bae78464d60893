// A colour: what is typed and what is picked stay the same. Without script only the text is there.

export function pairColours() {
  for (const picker of document.querySelectorAll("[data-colour-of]")) picker.closest("label").hidden = false;
  document.addEventListener("input", ({ target }) => {
    if (target.dataset.colourOf) {
      document.getElementById(target.dataset.colourOf).value = target.value;
      return;
    }
    const picker = target.id && document.querySelector(`[data-colour-of="${CSS.escape(target.id)}"]`);
    if (picker && /^#[0-9a-f]{6}$/i.test(target.value)) picker.value = target.value;
  });
}
