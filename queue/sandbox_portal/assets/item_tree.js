// The tree of menus, categories and items in the forms of tags and option sets.
import { arrow, el, wrap } from "/assets/dom.js";

// Ticks are kept in `ticked`, one entry a box: an item that stands in two categories has two.
export function itemTree(menus, ticked) {
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
  const menu = (entry) => {
    const categories = el("div", { class: "m-l-2" }, ...entry.categories.map(category));
    return el("div", {}, fold(categories), el("span", {}, entry.name), categories);
  };
  // The six nested divs of the live page: the last one holds a menu's arrow.
  return wrap(4, el("div", {}, ...menus.map(menu)));
}
