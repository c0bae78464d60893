// The forms behind the tiles of Menus: an item tag, an option set.
import { control } from "/assets/controls.js";
import { el, save, sleep, times } from "/assets/dom.js";
import { itemTree } from "/assets/item_tree.js";
import { fields, saveButton, tabs } from "/assets/layout.js";

const form = (...content) => el("form", { onsubmit: (event) => event.preventDefault() }, el("div", {}, ...content));

// The colours of a tag: background and text in groups of their own, side by side.
function tagColours() {
  const made = ["Background", "Text"].map((label, index) => ({ label, drawn: control({ kind: "colour", value: index ? "#ffffff" : "#000000" }) }));
  const group = ({ label, drawn }, classes) => el("div", { class: `group__FormGroupComponent-evaCTb joUTxJ m-b-0 ${classes}` },
    el("div", { title: label }, el("div", {}, el("div", {}, ...drawn.picker))));
  return { nodes: [el("div", {}, group(made[0], "m-r-6"), group(made[1], ""))], value: () => made[0].drawn.value() };
}

export function tagForm(place, close) {
  const ticked = [];
  const { nodes, read } = fields([{ name: "name", label: "Tag Name" }, { name: "text", label: "Tag Text" }, { kind: "note", label: "Show on menu" },
    { name: "color", label: "Colours", kind: tagColours }], {});
  const details = el("div", {}, ...nodes);
  const items = el("div", { class: "hidden" }, itemTree(place.menus, ticked));
  const show = (index) => {
    details.classList.toggle("hidden", index !== 0);
    items.classList.toggle("hidden", index !== 1);
  };
  const done = saveButton(async (button) => {
    if (await save(button, `/api/restaurants/${place.id}/tags`, { ...read(), items: ticked })) close();
  });
  return form(items, tabs("tag", ["Details", "Add / Remove From Items"], show), details, el("div", {}, done));
}

// The table of options, with a button below that adds a row.
function options() {
  const body = el("tbody", {});
  const rows = [];
  const add = async () => {
    await sleep(times.click / 2);
    const name = el("input", { type: "text" });
    const print = el("input", { type: "text" });
    const price = el("input", { type: "number", step: "0.01" });
    rows.push({ name, print, price });
    body.append(el("tr", {}, el("td", {}, "↕"), el("td", {}, name), el("td", {}, print), el("td", {}, price), el("td", {}, el("input", { type: "checkbox" }))));
  };
  const node = el("div", {}, el("div", {}, el("div", {}, el("div", {}, el("table", {}, body)), el("div", {}, el("button", { type: "button", onclick: add }, "Add Option")))));
  const read = () => rows.map(({ name, print, price }) => ({ name: name.value, printName: print.value, price: price.value === "" ? null : Number(price.value) }));
  return { node, read };
}

const SET = [{ kind: "note", label: "Show in Menu" }, { name: "name", label: "Name" }, { name: "displayName", label: "Display Name" }];
const CONDITIONS = [
  { name: "required", label: "Required", kind: "toggle" }, { name: "multiple", label: "Select Multiple", kind: "toggle" },
  { name: "quantity", label: "Enable Option Quantity", kind: "toggle" }, { name: "minimum", label: "Min Options", type: "number" },
  { name: "maximum", label: "Max Options", type: "number" },
];

export function optionSetForm(place, close) {
  const ticked = [];
  const details = fields(SET, {});
  const conditions = fields(CONDITIONS, {});
  const table = options();
  const tree = itemTree(place.menus, ticked);
  const pane = el("div", {}, ...details.nodes);
  const contents = [details.nodes, [table.node], conditions.nodes, [tree]];
  const done = saveButton(async (button) => {
    const body = { ...details.read(), ...conditions.read(), options: table.read(), items: ticked };
    if (await save(button, `/api/restaurants/${place.id}/optionSets`, body)) close();
  });
  const strip = tabs("option-set", ["Details", "Options", "Conditions", "Add / Remove From Items"], (index) => pane.replaceChildren(...contents[index]));
  const drawn = form(pane, el("div", {}, done));
  return el("div", {}, strip, drawn);
}

