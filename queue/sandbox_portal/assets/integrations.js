// Settings > Integrations: a grid of cards; the eleventh is Uber's.
import { fields, modal, saveButton } from "/assets/layout.js";
import { el, save, sleep, times } from "/assets/dom.js";

const OTHERS = ["Mailchimp", "Google Analytics", "Facebook Pixel", "Xero", "Deputy", "Zapier", "Doshii", "Star Micronics", "Epson", "ShipDay"];
const ROWS = [
  { name: "enabled", label: "Enabled", kind: "toggle", bare: true }, { kind: "note", label: "Terms", text: "Uber's terms apply." }, { name: "nzbn", label: "NZBN" },
  { name: "company", label: "Company Name" }, { name: "trading", label: "Trading Name" }, { name: "director", label: "Director Name" }, { name: "mobile", label: "Director Mobile" },
];

export function cards(place, config) {
  const uber = el("div", { class: "card cursor", onclick: () => open(place) }, "Uber Delivery Management");
  const others = OTHERS.map((name) => el("div", { class: "card" }, name));
  return [el("div", { class: "m-t-4 grid-2 md sm-gap" }, ...others, config.uberAbsent ? null : uber)];
}

async function open(place) {
  await sleep(times.click);
  modal("Uber Delivery Management", (close, heading) => {
    const { nodes, read } = fields(ROWS, place.integrations.uber);
    const agree = el("input", { type: "checkbox", id: "agree" });
    agree.checked = Boolean(place.integrations.uber?.agreed);
    const send = async (button) => {
      const values = { ...read(), agreed: agree.checked };
      const saved = await save(button, `/api/restaurants/${place.id}/integrations`, { name: "uber", values });
      if (saved) place.integrations.uber = values;
    };
    return [heading, el("div", {}, "Uber drivers deliver your orders."),
      el("div", {}, el("form", { onsubmit: (event) => event.preventDefault() }, ...nodes, el("div", {}, agree, "I agree"), saveButton(send)))];
  });
}
