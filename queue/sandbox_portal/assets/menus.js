// Menus: the three tabs, the tiles of option sets and item tags, the import of a CSV file.
import { el, get, send, sleep, times } from "/assets/dom.js";
import { cover, frame, list } from "/assets/layout.js";
import { optionSetForm, tagForm } from "/assets/menu_forms.js";

export async function menusPage(bar, id) {
  const inner = frame(bar);
  await cover(() => get(`/api/restaurants/${id}`));
  const pane = el("div", { class: "m-t-8" });
  const tiles = (kind, title, makeForm) => async function show() {
    pane.replaceChildren(el("div", { class: "loader" }, "…"));
    await sleep(times.tab);
    const place = await get(`/api/restaurants/${id}?for=${kind}`);
    if (!place) return;
    const create = async () => { await sleep(times.click); pane.append(makeForm(place, show)); };
    const grid = el("div", { class: "grid-2 xs xs-gap m-t-10" }, el("div", {}, el("div", { class: "tile" }, el("button", { onclick: create }, `Create New ${title}`))));
    pane.replaceChildren(grid);
    await list(pane, () => grid.append(...place[kind].map((entry) => el("div", {}, el("div", { class: "tile" }, dot(entry), el("div", {}, el("span", {}, entry.name)))))));
  };
  const menus = async () => {
    const place = await get(`/api/restaurants/${id}`);
    pane.replaceChildren(...(place?.menus ?? []).flatMap((menu) => menu.categories.map((category) =>
      el("div", { class: "card" }, el("b", {}, category.name), `: ${category.items.join(", ")}`))));
  };
  const tab = (label, onclick) => el("button", { onclick }, label);
  inner.replaceChildren(
    el("div", { class: "flex-l-r-center m-b-6" }, el("h2", {}, "Menus"), el("div", {},
      el("div", {}, el("button", {}, "Create Menu")), el("div", {}, el("button", {}, "CSV Export")), el("div", {}, el("button", { onclick: () => csvImport(id) }, "CSV Import")))),
    el("div", { class: "group__ButtonGroupComponent-dVAWMN puSOV bsl-1" }, tab("Menus", menus),
      tab("Option Sets", tiles("optionSets", "Option Set", optionSetForm)), tab("Item Tags", tiles("tags", "Item Tag", tagForm))),
    pane);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") pane.querySelector("form")?.remove(); });
}

function dot(entry) {
  if (!entry.color) return null;
  const node = el("span", { class: "dot" });
  node.style.background = entry.color;
  return node;
}

async function csvImport(id) {
  await sleep(times.click);
  const content = el("div", { class: "content__Content-hOzsB UWPkM" });
  const close = () => shade.remove();
  const shade = el("div", { class: "shade" }, el("div", { class: "modal" }, el("div", { id: "Os_dpmgVLp-content", role: "dialog" }, content)));
  const word = el("input", { oninput: () => { proceed.disabled = word.value !== "import"; } });
  const proceed = el("button", { type: "button", disabled: true, onclick: async () => { await sleep(times.click); second(); } }, "Proceed");
  const second = () => {
    const input = el("input", { type: "file", class: "hidden" });
    const said = el("p", {});
    const upload = el("button", { type: "button", onclick: async () => {
      if (!input.files[0]) return;
      said.textContent = "Importing…";
      await sleep(times.upload);
      const answer = await send(`/api/restaurants/${id}/menu`, input.files[0]);
      if (answer.ok) close();
      else said.textContent = answer.body.error;
    } }, "Upload");
    content.replaceChildren(input, el("button", { type: "button", onclick: () => input.click() }, "Choose CSV File"), upload, said);
  };
  content.append(el("p", {}, "This overwrites the present menu and cannot be undone. Type import to go on."), word, proceed);
  document.body.append(shade);
}
