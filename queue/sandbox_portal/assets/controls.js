// The controls of a form row. Each is a function of what it shows; it gives its nodes and a way to read its value.
import { el, icon, sleep, times } from "/assets/dom.js";
import { upload } from "/assets/upload.js";

export const FIELD = "group__FormGroupContent-ccjnpO kpPgpj";
const OPTION = "selectadv__DropdownOption-bmnJxJ";

// A row of a form: label, and beside it the half with the control.
export function row(label, control) {
  return el("div", {}, el("div", {}, el("div", { class: "label" }, label), el("div", { class: `${FIELD} ${control.classes ?? ""}` }, ...control.nodes)));
}

function input(spec, value) {
  const node = el("input", { type: spec.type ?? "text", value: value ?? "", placeholder: spec.placeholder, autocomplete: "off" });
  return { nodes: [node], value: () => node.value };
}

function area(spec, value) {
  const node = el("textarea", { rows: 4 });
  node.value = value ?? "";
  return { nodes: [node], value: () => node.value };
}

function toggleLabel(value, onchange) {
  const box = el("input", { type: "checkbox", onchange });
  box.checked = Boolean(value);
  return { box, label: el("label", { class: "toggle" }, box, el("span", {})) };
}

// `bare`: on one form of the portal the label stands without its div.
function toggle(spec, value) {
  const { box, label } = toggleLabel(value);
  return { nodes: [spec.bare ? label : el("div", {}, label)], value: () => box.checked };
}

function switches(spec, value) {
  const made = spec.options.map((name, index) => ({ name, ...toggleLabel(value?.[index]) }));
  return { nodes: made.map(({ name, label }) => el("div", {}, el("div", {}, label, name))), value: () => made.map(({ box }) => box.checked) };
}

function native(spec, value) {
  const node = el("select", {}, ...spec.options.map((name) => el("option", { value: name }, name)));
  node.value = value ?? spec.options[0];
  return { nodes: [node], value: () => node.value };
}

// The searchable select. `multi`: chosen entries leave the list and show as chips.
function select(spec, value) {
  const chosen = spec.multi ? [...(value ?? [])] : [];
  let single = spec.multi ? null : value ?? null;
  const search = el("input", { class: "selectadv__Search", placeholder: single ?? "Select", autocomplete: "off" });
  const chips = el("span", { class: "chips" });
  const inner = el("div", { class: "selectadv__WrapperInner-iDIBDX WOtfi" }, chips, search);
  const caret = el("div", { class: "selectadv__InputIcon-dZhktu PrPXn" }, icon("M1 3 L9 3 L5 8 Z"));
  const wrapper = el("div", { class: "selectadv__Wrapper-cKWklP hPMCFC" }, inner, caret);
  let list = null;
  const close = () => {
    list?.remove();
    list = null;
    wrapper.className = "selectadv__Wrapper-cKWklP hPMCFC";
    search.value = "";
  };
  const choose = (name) => {
    if (spec.multi) chosen.push(name);
    else single = name;
    search.placeholder = single ?? "Select";
    chips.textContent = chosen.join(", ");
    close();
  };
  const fill = () => {
    const wanted = search.value.toLowerCase();
    const fitting = spec.options.filter((name) => name.toLowerCase().includes(wanted) && !chosen.includes(name));
    list.replaceChildren(...fitting.map((name, index) =>
      el("div", { class: index ? OPTION : `${OPTION} eoQlWp`, onclick: (event) => { event.stopPropagation(); choose(name); } }, name)));
  };
  const open = async () => {
    if (list) return;
    wrapper.className = "selectadv__Wrapper-cKWklP FVSIE";
    list = el("div", { class: "selectadv__Dropdown-eSUwYi dtQnDO" });
    wrapper.append(list);
    if (spec.slow) await sleep(times[spec.slow]);
    if (list) fill();
  };
  inner.addEventListener("click", () => { open(); search.focus(); });
  search.addEventListener("focus", open);
  search.addEventListener("input", () => { if (list) fill(); });
  search.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } });
  caret.addEventListener("click", () => (list ? close() : (open(), search.focus())));
  chips.textContent = chosen.join(", ");
  return { nodes: [wrapper], value: () => (spec.multi ? [...chosen] : single) };
}

// The search for an address: what it offers comes late, after an entry that says so.
function address(spec, value) {
  let chosen = value ?? "";
  const search = el("input", { placeholder: "Start typing the address", autocomplete: "off" });
  const inner = el("div", { class: "selectasync__WrapperInner-fSgFTI eMHWRb" }, search);
  inner.addEventListener("click", () => search.focus());
  const list = el("div", { class: "selectasync__Dropdown-bYdgnM dIqlbY hidden" });
  const entry = (text, onclick) => el("div", { class: "selectasync__DropdownOption-gQpgNZ", onclick }, text);
  let latest = 0;
  search.addEventListener("input", async () => {
    const mine = ++latest;
    list.classList.remove("hidden");
    list.replaceChildren(entry("Loading", () => {}));
    await sleep(Math.max(50, times.suggestions));
    if (mine !== latest) return;
    const street = search.value.split(",")[0];
    const found = spec.none ? [] : [`${search.value.trim()}`, `${street} North, Somewhere Else`];
    list.replaceChildren(...found.map((text) => entry(text, () => { chosen = text; search.value = text; list.classList.add("hidden"); })));
  });
  return { nodes: [el("div", {}, inner, list)], value: () => chosen };
}

function colour(spec, value) {
  const shown = el("div", {});
  const start = value ?? spec.value ?? "#888888";
  const hex = el("input", { value: start, oninput: () => { shown.style.background = hex.value; } });
  shown.style.background = start;
  const picker = el("div", { class: "colorpicker__DropWrapper-hDQMcy cAaOXs hidden" },
    el("div", {}, el("div", {}, ""), el("div", {}, el("div", {}, ""), el("div", {}, el("div", { class: "flexbox-fix" }, el("div", {}, el("div", {}, hex)))))));
  const swatch = el("div", { class: "colorpicker__SwatchWrapper-kmfhwV hqNLmj", onclick: () => picker.classList.toggle("hidden") }, shown);
  hex.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Enter") { event.preventDefault(); event.stopPropagation(); picker.classList.add("hidden"); }
  });
  return { nodes: [el("div", {}, swatch, picker)], value: () => hex.value, picker: [swatch, picker] };
}

// Two rows side by side in one field, as the colours of the top bar are.
function pair(spec, value) {
  const made = spec.rows.map((part) => ({ part, control: control(part, value?.[part.name]) }));
  return {
    classes: "grid-2 sm sm-gap max300", nodes: made.map((half) => row(half.part.label, half.control)),
    value: () => Object.fromEntries(made.map((half) => [half.part.name, half.control.value()])),
  };
}

function file(spec, value) {
  let address = value ?? null;
  const shown = el("img", { alt: "", width: 40 });
  const link = el("a", { class: "hidden" }, shown);
  const show = () => { if (address) { shown.src = address; link.classList.remove("hidden"); } };
  const button = el("button", { type: "button", onclick: () => upload((added) => { address = added; show(); }) }, "Upload");
  show();
  return { nodes: [link, el("div", { class: spec.classes ?? "" }, button)], value: () => address };
}

const note = (spec) => ({ nodes: [spec.text ?? "–"], value: () => undefined });
const action = (spec) => ({ nodes: [el("button", { type: "button", onclick: spec.run }, spec.text)], value: () => undefined });
const KINDS = { input, area, toggle, switches, native, select, address, colour, pair, file, note, action };

// The control that a row of page data asks for; `kind` may be a function of the same form.
export function control(spec, value) {
  const make = typeof spec.kind === "function" ? spec.kind : KINDS[spec.kind ?? "input"];
  return make(spec, value ?? spec.value);
}
