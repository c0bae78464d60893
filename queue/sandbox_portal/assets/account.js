// What belongs to the account: signing in, the list of restaurants, a new restaurant, API keys.
import { el, get, post, save, sleep, times } from "/assets/dom.js";
import { cover, fields, frame, list, modal, saveButton } from "/assets/layout.js";
import { control, row } from "/assets/controls.js";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const LOCALES = ["English (Australia)", "English (Canada)", "English (New Zealand)", "English (United Kingdom)", "English (United States)"];
const ZONES = ["Adelaide", "Auckland", "Brisbane", "Chatham", "London", "Melbourne", "New York", "Perth", "Sydney", "Toronto", "Vancouver"];
const CURRENCIES = ["AUD", "CAD", "EUR", "GBP", "NZD", "USD"];

export async function loginPage(config, go) {
  await sleep(times.form);
  if (!config.loginForm) return;
  const said = el("p", {});
  const form = el("form", { novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    const [email, password] = form.querySelectorAll("input");
    await sleep(times.click);
    const answer = await post("/api/login", { email: email.value, password: password.value });
    if (answer.ok) return go("/");
    said.setAttribute("role", "alert");
    said.textContent = answer.body.error;
  } }, el("h2", {}, "Sign in"), el("input", { type: "email", placeholder: "Email" }), el("input", { type: "password", placeholder: "Password" }),
  el("button", { type: "submit" }, "Login"), said);
  frame(null).replaceChildren(form);
}

const accountMenu = (go) => {
  const link = (label, path) => el("a", { href: path, onclick: (event) => { event.preventDefault(); go(path); } }, label);
  return el("menu", {}, el("div", {}, el("div", {}, el("nav", {}, link("Restaurants", "/"), link("Team", "/team"), link("Billing", "/billing"), link("Developers", "/developers")))));
};

export async function dashboardPage(config, go) {
  const inner = frame(null, accountMenu(go));
  const places = await cover(async () => { await sleep(times.list); return get("/api/restaurants"); });
  if (!places) return;
  const manage = (place) => async () => { await sleep(times.click); go(`/restaurant/${place.id}`); };
  const cards = places.map((place, index) => el("div", { class: "card", ...(config.listIds ? { id: `restaurant-list-item-${index}` } : {}) },
    el("h4", {}, place.name), el("button", { onclick: manage(place) }, "Manage")));
  const add = el("button", { onclick: async () => { await sleep(times.click); newRestaurant(inner, config, go); } }, places.length ? "Add Restaurant" : "Create New Restaurant");
  inner.replaceChildren(add);
  await list(inner, () => inner.append(...cards));
}

// One row a time slot: day, opening, closing. The form starts with one.
function hours() {
  const slots = [];
  const list = el("div", {});
  const add = () => {
    const slot = { day: el("select", {}, ...DAYS.map((day) => el("option", { value: day }, day))), open: el("input", { type: "text", value: "09:00" }), close: el("input", { type: "text", value: "17:00" }) };
    slots.push(slot);
    list.append(el("div", { class: "slot" }, slot.day, slot.open, slot.close));
  };
  add();
  return { nodes: [list, el("button", { type: "button", onclick: add }, "Add Time Slot")],
    value: () => slots.map(({ day, open, close }) => ({ day: day.value, open: open.value, close: close.value })) };
}

function newRestaurant(inner, config, go) {
  const source = { value: "Open Street Maps" };
  const chooser = () => ({ nodes: ["Google Maps", "Open Street Maps"].map((name) => el("button", { type: "button", onclick: () => { source.value = name; } }, name)), value: () => source.value });
  const subdomain = () => {
    const input = el("input", { type: "text" });
    return { nodes: [el("div", { class: "inputgroup__InputGroupField-cWVTlp ezKAHp" }, input, el("span", {}, `.${location.hostname}`))], value: () => input.value };
  };
  const specs = [
    { name: "name", label: "Restaurant Name" }, { name: "subdomain", label: "Subdomain", kind: subdomain }, { name: "map", label: "Map Data Source", kind: chooser },
    { name: "address", label: "Address", kind: "address", none: config.noAddress }, { name: "phone", label: "Phone Number", type: "tel", placeholder: "A contact number" },
    { name: "hours", label: "Opening Hours", kind: hours }, { name: "locale", label: "System Locale", kind: "select", options: LOCALES }, { kind: "note", label: "Week starts" },
    { name: "timezone", label: "Timezone", kind: "select", options: ZONES }, { kind: "note", label: "Date Format" }, { kind: "note", label: "Time Format" },
    { name: "currency", label: "Currency", kind: "select", options: CURRENCIES }, { name: "taxInPrices", label: "Tax In Prices", kind: "toggle" },
  ];
  const { nodes, read } = fields(specs, {});
  const said = el("p", {});
  const create = el("button", { type: "button", class: "primary", onclick: async () => {
    create.textContent = "Creating";
    const answer = await post("/api/restaurants", read());
    create.textContent = "Create Restaurant";
    if (answer.ok) return go("/");
    said.setAttribute("role", "alert");
    said.textContent = answer.body.error;
  } }, "Create Restaurant");
  inner.replaceChildren(el("form", { onsubmit: (event) => event.preventDefault() }, ...nodes, create, said));
}

export async function developersPage(config, go) {
  const inner = frame(null, accountMenu(go));
  const listed = el("div", { class: "item-list__ItemListWrapper-dyLBYn jkyIVq" });
  const heading = el("div", { class: "flex-l-r-center m-b-7" }, el("h2", {}, "API Keys"), el("button", { onclick: () => open() }, "Create API Key"));
  inner.replaceChildren(el("div", {}, heading, listed));
  const draw = async () => {
    const keys = await cover(() => get("/api/keys"));
    await list(listed, () => listed.replaceChildren(el("div", {}, ...(keys ?? []).map((key) => el("div", {}, el("div", { class: "p-lr-4 p-tb-2 card" }, el("p", { class: "title" }, key.name),
      el("p", { class: "small" }, el("span", {}, config.keyHidden ? "••••••••" : key.key))))))));
  };
  const open = async () => {
    await sleep(times.click);
    const places = await get("/api/restaurants");
    const name = control({}, "");
    // One restaurant needs no choice: then there is no select.
    const access = places.length > 1 ? control({ kind: "select", multi: true, options: places.map((place) => place.name) }) : { nodes: [places[0]?.name ?? ""], value: () => places.map((place) => place.name) };
    modal("Create API Key", (close) => {
      const send = saveButton(async (button) => {
        if (await save(button, "/api/keys", { name: name.value(), access: access.value() })) { close(); await draw(); }
      });
      return [el("div", { class: "content__Content-hOzsB UWPkM" }, el("form", { onsubmit: (event) => event.preventDefault() }, row("Name", name), row("Restaurant Access", access), send))];
    }, "api-form-modal");
  };
  await draw();
}

