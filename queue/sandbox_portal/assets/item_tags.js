// Menus: the three tabs, the tiles of item tags, the form of one tag with its tree of items.
import { arrow, el, get, post, sleep, times, toast } from "/assets/dom.js";

const FIELD = "group__FormGroupContent-ccjnpO kpPgpj";

function row(label, ...control) {
  return el("div", {}, el("div", {}, el("span", {}, label), el("div", { class: FIELD }, ...control)));
}

function colour(label, start) {
  const shown = el("div", {});
  shown.style.background = start;
  const input = el("input", { value: start, oninput: () => { shown.style.background = input.value; } });
  const drop = el("div", { class: "colorpicker__DropWrapper-hDQMcy cAaOXs hidden" },
    el("div", {}, el("div", {}, label),
      el("div", {}, el("div", {}, ""), el("div", {}, el("div", { class: "flexbox-fix" }, el("div", {}, el("div", {}, input)))))));
  const swatch = el("div", { class: "colorpicker__SwatchWrapper-kmfhwV hqNLmj", onclick: () => drop.classList.toggle("hidden") }, shown);
  const picker = el("div", { class: "group__FormGroupComponent-evaCTb joUTxJ m-b-0 m-r-6" },
    el("div", {}, el("div", {}, el("div", {}, swatch, drop))));
  picker.value = () => input.value;
  return picker;
}

function tree(menus, ticked) {
  const item = (name) => el("div", {}, el("label", {},
    el("input", { type: "checkbox", onchange: (event) => { event.target.checked ? ticked.push(name) : ticked.splice(ticked.indexOf(name), 1); } }),
    el("span", { class: "m-l-2" }, name)));
  const fold = (inside) => {
    inside.classList.add("hidden");
    return arrow(() => inside.classList.toggle("hidden"));
  };
  const category = (entry) => {
    const items = el("div", { class: "m-l-2" }, ...entry.items.map(item));
    return el("div", {}, el("div", {}, fold(items), el("span", {}, entry.name)), items);
  };
  return menus.map((menu) => {
    const categories = el("div", { class: "m-l-2" }, ...menu.categories.map(category));
    return el("div", {}, fold(categories), el("span", {}, menu.name), categories);
  });
}

function form(place, close) {
  const ticked = [];
  const name = el("input", {});
  const text = el("input", {});
  const background = colour("Background", "#000000");
  const letters = colour("Text", "#ffffff");
  letters.classList.remove("m-r-6"); // only the background stands in the selectors
  // The six nested divs of the live page: the last one holds a menu's arrow.
  const nested = [1, 2, 3, 4].reduce((child) => el("div", {}, child), el("div", {}, ...tree(place.menus, ticked)));
  const items = el("div", { class: "hidden" }, nested);
  const details = el("div", {}, row("Tag Name", name), row("Tag Text", text), row("Show on menu", ""),
    row("Colours", el("div", {}, background, letters)));
  const show = async (first) => {
    await sleep(times.click);
    details.classList.toggle("hidden", !first);
    items.classList.toggle("hidden", first);
  };
  const tab = (label, first) => el("div", {}, el("div", { class: "cursor", onclick: () => show(first) }, label));
  const tabs = el("div", { id: "tag-tab-options-tab-select-content" },
    el("div", { class: "components__TabSelectOptionsComponent-USxIn cCRcoK" }, tab("Details", true), tab("Add / Remove From Items", false)));
  const save = el("button", { type: "button", class: "primary", onclick: async () => {
    save.textContent = "Saving";
    const answer = await post(`/api/restaurants/${place.id}/tags`,
      { name: name.value, text: text.value, color: background.value(), items: ticked });
    save.textContent = "Save";
    if (!answer.ok) return toast(answer.body.error);
    toast("Saved");
    close();
  } }, "Save");
  return el("form", { onsubmit: (event) => event.preventDefault() },
    el("div", {}, items, tabs, details, el("div", {}, save)));
}

export async function itemTagsPage(frame, cover, id) {
  const inner = frame();
  const place = await cover(() => get(`/api/restaurants/${id}`));
  const pane = el("div", { class: "m-t-8" });
  const tiles = async () => {
    pane.replaceChildren(el("div", { class: "loader" }, "…"));
    await sleep(times.tab);
    const fresh = await get(`/api/restaurants/${id}?for=tags`);
    const open = () => {
      const drawn = form(fresh, close);
      pane.append(drawn);
    };
    const close = () => tiles();
    pane.replaceChildren(el("div", { class: "grid-2 xs xs-gap m-t-10" },
      el("div", {}, el("div", { class: "tile" }, el("button", { onclick: async () => { await sleep(times.click); open(); } }, "Create New Item Tag"))),
      ...fresh.tags.map((tag) => {
        const dot = el("span", { class: "dot" });
        dot.style.background = tag.color;
        return el("div", {}, el("div", { class: "tile" }, dot, el("div", {}, el("span", {}, tag.name))));
      })));
  };
  const tab = (label, onclick) => el("button", { onclick }, label);
  const blank = (label) => () => pane.replaceChildren(el("p", {}, label));
  inner.replaceChildren(
    el("div", { class: "group__ButtonGroupComponent-dVAWMN puSOV bsl-1" },
      tab("Menus", blank("Menus")), tab("Option Sets", blank("Option sets")), tab("Item Tags", tiles)),
    pane);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") pane.querySelector("form")?.remove(); });
}
