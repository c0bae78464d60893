// Settings: five tabs, each a column of sections; opening one draws its form. What they hold stands in settings_pages.js.
import { el, get, icon, save, sleep, times, wrap } from "/assets/dom.js";
import { cards } from "/assets/integrations.js";
import { cover, fields, frame, list, saveButton, tabs } from "/assets/layout.js";
import { PAGES } from "/assets/settings_pages.js";
import { EXTRAS } from "/assets/settings_extras.js";

const SECTION = "section__SettingsSectionWrapper-VLcLJ gVhfCf";
const STRIP = "components__TabSelectOptionsComponent-USxIn cCRcoK";

export async function settingsPage(bar, id, config) {
  const inner = frame(bar);
  const place = await cover(() => get(`/api/restaurants/${id}`));
  if (!place) return;
  const names = Object.keys(PAGES).filter((name) => !(config.missingTab && name === "Services"));
  const pane = el("div", {});
  let latest = 0;
  const show = async (name) => {
    const mine = ++latest;
    await sleep(times.tab);
    const fresh = await get(`/api/restaurants/${id}`);
    if (fresh && mine === latest) pane.replaceWith(...draw(name, fresh, config, inner));
  };
  const strip = el("div", { id: "settings-tab-select" }, el("div", { id: "settings-tab-select-tab-select-content" },
    el("div", { class: STRIP }, ...names.map((name) => el("div", {}, el("div", { class: "cursor tab", onclick: () => again(name) }, name))))));
  const again = async (name) => {
    [...inner.children].slice(2).forEach((child) => child.remove());
    inner.append(pane);
    await show(name);
  };
  inner.replaceChildren(el("div", { class: "heading" }, el("h2", {}, "Settings")), strip, pane);
  await show("System");
}

function draw(name, place, config) {
  if (name === "Integrations") return cards(place, config);
  const page = PAGES[name];
  const set = el("div", {});
  const context = { tab: name, place, config, set, redraw: () => fill() };
  const head = EXTRAS[page.heading]?.(context);
  const fill = () => set.replaceChildren(...(head ? [head] : []), ...page.sections(place, config).map((section) => block(section, context)));
  if (head) set.append(head);
  list(set, fill);
  return [el("div", { class: SECTION }, set)];
}

function block(section, context) {
  const header = el("div", { class: "block__Header-cursor cursor" }, icon("M1 3 L9 3 L5 8 Z"), el("span", {}, section.title));
  const node = el("div", { class: "block__Block-ljvlRq" }, header);
  const close = () => { node.className = "block__Block-ljvlRq"; node.querySelector(":scope > .block__Content-bopatn")?.remove(); };
  node.closeBlock = close;
  header.addEventListener("click", async () => {
    const isOpen = node.classList.contains("epsQby");
    await sleep(times.click);
    for (const other of context.set.children) other.closeBlock?.();
    if (isOpen) return;
    node.classList.add("epsQby");
    node.append(el("div", { class: "block__Content-bopatn lbcjnQ" }, ...content(section, context)));
  });
  return node;
}

function content(section, context) {
  if (EXTRAS[section.extra]) return EXTRAS[section.extra](section, context);
  if (section.tabs) return [tabbed(section, context)];
  const form = formOf(section, section, context);
  return [section.inDiv ? el("div", {}, form) : form];
}

// A section with tabs of its own: the strip and the form of the chosen tab in one div.
export function tabbed(section, context) {
  const holder = el("div", {});
  const show = (index) => {
    const tab = section.tabs[index];
    const drawn = tab.extra ? EXTRAS[tab.extra](tab, context, section) : [formOf({ depth: 5, ...tab }, section, context)];
    holder.replaceChildren(strip, ...drawn);
  };
  const strip = tabs(section.strip, section.tabs.map((tab) => tab.title), show);
  show(0);
  return holder;
}

export function formOf(spec, section, context) {
  const key = section === spec || !spec.title ? section.title : `${section.title} / ${spec.title}`;
  const held = context.place.settings[context.tab]?.[key] ?? {};
  const { nodes, read } = fields(spec.rows ?? [], held);
  const send = async (button) => {
    const values = read();
    if (await save(button, `/api/restaurants/${context.place.id}/settings`, { tab: context.tab, section: key, values })) {
      (context.place.settings[context.tab] ??= {})[key] = { ...held, ...values };
    }
  };
  return el("form", { onsubmit: (event) => event.preventDefault() },
    wrap((spec.depth ?? 1) - 1, el("div", {}, ...nodes)), el("div", {}, saveButton(send)));
}
