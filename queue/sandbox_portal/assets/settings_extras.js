// The sections of the settings that are more than a form: themes, taxes, printers, webhooks, payment methods, checkout fields.
import { FIELD } from "/assets/controls.js";
import { el, post, save, sleep, times, toast, wrap } from "/assets/dom.js";
import { fields, list, modal, saveButton, tabs } from "/assets/layout.js";
import { upload } from "/assets/upload.js";

const random = (prefix) => prefix + Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const settingsOf = (context) => `/api/restaurants/${context.place.id}/settings`;

// The list of taxes in one row: each with name and rate, and a button for another one.
export function taxes(_spec, value) {
  const made = [];
  const list = el("div", {});
  const add = (tax) => {
    const inputs = fields([{ name: "name", label: "Tax Name" }, { name: "rate", label: "Rate", type: "number" }], tax);
    made.push(inputs);
    list.insertBefore(el("div", {}, el("div", { class: "flex-line" }, el("div", { class: "flex-line" }, ...inputs.nodes))), button);
  };
  const button = el("button", { type: "button", onclick: async () => { await sleep(times.click); add({}); } }, "Create New Tax");
  list.append(button);
  (value ?? []).forEach(add);
  return { nodes: [el("div", {}, list)], value: () => made.map((inputs) => inputs.read()) };
}

// The way to Stripe, as the faults say: in this tab, in a new one, late, or not at all.
export async function connectStripe(config) {
  await sleep(config.stripe === "late" ? times.late : times.stripe);
  if (config.stripe === "new_tab") window.open(config.stripeUrl, "_blank");
  else if (config.stripe !== "dead") location.assign(config.stripeUrl);
}

function themes(section, context) {
  const button = (name) => el("button", { type: "button", onclick: async () => {
    if (!confirm("Changing your theme will overwrite your colors and fonts. Continue?")) return;
    await sleep(times.theme);
    const answer = await post(settingsOf(context), { tab: context.tab, section: section.title, values: { theme: name } });
    toast(answer.ok ? "Saved" : answer.body.error);
  } }, name);
  return [el("div", {}, el("div", {}, el("div", {}, el("div", {}, button("Default Theme"), button("Light Theme"), button("Dark Theme")))))];
}

// A pop-up that holds a key and a form with tabs: printers and webhooks.
function keyed(title, key, strip, pages, send) {
  modal(title, (close, heading) => {
    const panes = pages.map((page) => fields(page.rows, {}));
    const pane = el("div", {}, ...panes[0].nodes);
    const done = saveButton(async (button) => {
      if (await send(button, Object.assign({}, ...panes.map((made) => made.read())))) close();
    });
    const bar = tabs(strip, pages.map((page) => page.title), (index) => pane.replaceChildren(...panes[index].nodes));
    return [heading, el("div", {}, el("p", { class: "small" }, el("span", {}, key))), bar,
      el("form", { onsubmit: (event) => event.preventDefault() }, el("div", {}, pane, el("div", {}, done)))];
  });
}

const DETAILS = ["Order Number", "Order Type", "Order Time", "Ready Time", "Table", "Guests", "Notes", "Items", "Item Notes", "Options", "Prices", "Discounts",
  "Tax", "Delivery Fee", "Tip", "Total", "Payment", "Address", "Customer Name", "Customer Phone"];

function details() {
  const boxes = DETAILS.map(() => el("input", { type: "checkbox" }));
  const list = el("div", { class: "scroll" }, ...DETAILS.map((name, index) => el("div", {}, el("div", {}, el("div", {}, el("label", { class: "toggle" }, boxes[index], el("span", {})), name)))));
  return { nodes: [list], value: () => DETAILS.filter((_, index) => boxes[index].checked) };
}

function editor() {
  const body = el("div", { contenteditable: "true", class: "editor" });
  return { nodes: [el("div", { id: "receipt-footer-html-editor" }, body)], value: () => body.textContent };
}

const PRINTER = [
  { title: "Set-up", rows: [{ name: "name", label: "Name" }, { name: "autoPrint", label: "Auto Print Orders", kind: "toggle" }] },
  { title: "Customization", rows: [{ name: "details", label: "Details", kind: details },
    { name: "highlighted", label: "Highlighted Fields", kind: "select", multi: true, options: ["Origin", "Payment Method", "Ready Time", "Table"] }] },
  { title: "Header & Footer", rows: [{ name: "printLogo", label: "Print Logo", kind: "toggle" }, { name: "footer", label: "Footer", kind: editor }] },
];

function printers(_tab, context) {
  const { place } = context;
  const cards = el("div", {});
  const draw = () => cards.replaceChildren(...place.printers.map((printer) => el("div", { class: "p-4 card" }, el("h3", {}, printer.name), el("code", {}, printer.apiKey))));
  const open = async () => {
    await sleep(times.click);
    const key = random("RES_PRN_");
    keyed("Create Printer", key, "printer", PRINTER, async (button, values) => {
      const made = await save(button, `/api/restaurants/${place.id}/printers`, { ...values, apiKey: key });
      if (made) { place.printers.push(made); draw(); }
      return made;
    });
  };
  list(cards, draw);
  return [el("div", { class: "p-4" }, el("div", { class: "flex" },
    el("button", { type: "button", class: "button__ButtonComponent-igFjHP kkCuBg p-lr-2 m-r-2", onclick: open }, "Create Printer")), cards)];
}

function receiptLogo(tab, context, section) {
  const key = `${section.title} / ${tab.title}`;
  const held = context.place.settings[context.tab]?.[key] ?? {};
  let address = held.logo ?? null;
  const second = el("div", {});
  const custom = () => second.replaceChildren(el("div", {}, el("button", { type: "button", onclick: () => upload((added) => { address = added; }) }, "Upload")));
  const field = el("div", { class: FIELD },
    el("div", {}, el("button", { type: "button" }, "Default Receipt Logo"), el("button", { type: "button", onclick: custom }, "Custom Receipt Logo")), second);
  const send = (button) => save(button, settingsOf(context), { tab: context.tab, section: key, values: { logo: address } });
  return [el("form", { onsubmit: (event) => event.preventDefault() },
    el("div", {}, el("div", {}, el("div", {}, el("div", { class: "label" }, "Receipt Logo"), field))), el("div", {}, saveButton(send)))];
}

function webhooks(_section, context) {
  const { place } = context;
  const hooks = el("div", {});
  const draw = () => hooks.replaceChildren(...place.webhooks.map((hook) => el("div", { class: "card" }, hook.url)));
  const events = Array.from({ length: 7 }, (_, index) => ({ name: `event${index + 1}`, label: `Event ${index + 1}`, kind: "toggle", value: true }));
  const open = async () => {
    await sleep(times.click);
    const secret = random("whsec_");
    keyed("Create Webhook", secret, "webhook", [{ title: "Details", rows: [{ name: "title", label: "Name" }, { name: "url", label: "URL" }] }, { title: "Events", rows: events }],
      async (button, values) => {
        const made = await save(button, `/api/restaurants/${place.id}/webhooks`, { ...values, secret });
        if (made) { place.webhooks.push(made); draw(); }
        return made;
      });
  };
  list(hooks, draw);
  return [el("div", {}, el("button", { type: "button", onclick: open }, "Create Webhook"), hooks)];
}

function addPayment(context) {
  const open = async () => {
    await sleep(times.click);
    modal("Add Payment Method", (close, heading) => {
      let chosen = null;
      const cards = ["Stripe", "PayPal", "Square", "Windcave"].map((name) => el("div", { class: "card cursor", onclick: () => { chosen = name; } }, name));
      const add = saveButton(async (button) => {
        if (!chosen) return;
        const made = await save(button, `/api/restaurants/${context.place.id}/payments`, { name: chosen });
        if (made) { context.place.payments.push(made); context.redraw(); close(); }
      }, "Add Method");
      return [heading, el("div", {}, "Choose how your customers pay."), el("div", {}, "Fees are the provider's."), el("div", {}, el("div", {}, ...cards)), el("div", {}, add)];
    });
  };
  return el("div", { class: "heading__SettingsSectionHeading-gINcTH hDzVir flex-l-r-center" }, el("h3", {}, "Payment Methods"),
    el("div", { class: "flex-line centered cursor", onclick: open }, "Add Payment Method"));
}

function checkoutFields(tab, context, section) {
  const key = `${section.title} / ${tab.title}`;
  const held = context.place.settings[context.tab]?.[key]?.fields ?? tab.fields;
  const list = el("div", {});
  const remove = (name) => () => { held.splice(held.indexOf(name), 1); draw(); };
  const draw = () => list.replaceChildren(...held.map((name) => el("div", {}, el("span", {}, name),
    el("div", { class: "preview__FieldActions-fEoEZR jZeUTf" }, el("button", { type: "button", onclick: remove(name) }, "Remove")))));
  const send = (button) => save(button, settingsOf(context), { tab: context.tab, section: key, values: { fields: held } });
  draw();
  return [el("form", { onsubmit: (event) => event.preventDefault() }, wrap(6, el("div", {}, list)), el("div", {}, saveButton(send)))];
}

export const EXTRAS = { themes, printers, receiptLogo, webhooks, addPayment, checkoutFields };
