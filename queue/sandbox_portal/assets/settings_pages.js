// What stands on the settings' tabs: sections in their order, rows in theirs. Positions count, so unknown ones are kept.
import { connectStripe, taxes } from "/assets/settings_extras.js";

const FONTS = ["Arial", "Gabarito", "Inter", "Lato", "Open Sans", "Poppins", "Roboto"];
const SOUNDS = ["None", "Bell", "Chime", "Ding", "Knock", "Plucky", "Siren"];
const CURRENCIES = ["AUD", "CAD", "EUR", "GBP", "NZD", "USD"];

const gap = { kind: "note", label: "" };
const gaps = (count) => Array.from({ length: count }, () => gap);
const text = (name, label, value, type) => ({ name, label, value, type });
const number = (name, label, value) => text(name, label, value, "number");
const toggle = (name, label, value = false) => ({ name, label, kind: "toggle", value });
const select = (name, label, options, more = {}) => ({ name, label, kind: "select", options, ...more });
const native = (name, label, options) => ({ name, label, kind: "native", options });
const colour = (name, label, value) => ({ name, label, kind: "colour", value });
const file = (name, label, classes) => ({ name, label, kind: "file", classes });
const plain = (title) => ({ title, rows: gaps(2) });

const system = (place) => [
  plain("Account"),
  { title: "General Settings", rows: [text("name", "Restaurant Name", place.name), ...gaps(3), select("currency", "Currency", CURRENCIES), ...gaps(2), { name: "taxes", label: "Taxes", kind: taxes }] },
  { title: "Location Settings", rows: [native("map", "Map Data Source", ["Google Maps", "Open Street Maps"]), gap, gap, text("phone", "Phone Number", "03 456 7890")] },
  ...["Languages", "Users", "Email", "SMS"].map(plain),
  { title: "Receipt Printing", strip: "notifications", tabs: [{ title: "Printer Set-up", extra: "printers" }, { title: "Receipt Logo", extra: "receiptLogo" }] },
  plain("Order Display"),
  { title: "Audio Notifications", inDiv: true, rows: [select("sound", "Sound", SOUNDS), number("repeat", "Repeat Count", 1), toggle("stopOnClick", "Stop on Click"), gap] },
  { title: "Customer Accounts", strip: "accounts", tabs: [
    { title: "General", rows: [toggle("enabled", "Enabled", true)] }, { title: "Facebook", rows: [text("facebook", "App ID")] },
    { title: "Google", rows: [text("google", "Google OAuth Client ID")] }] },
  ...["Loyalty", "Reports"].map(plain),
  { title: "Webhooks", extra: "webhooks" },
];

const timing = [gap, number("first", "First Order Offset", 30), number("last", "Last Order Offset", 30), gap, number("days", "Maximum Days Ahead", 3)];
const waits = (statuses) => [gap, { name: "auto", label: "Auto Statuses", kind: "switches", options: statuses },
  ...statuses.map((status) => number(status, `Time Till ${status}`, 0))];

function services(place, config) {
  const providers = ["None", "Own Drivers", ...(place.integrations.uber?.enabled && !config.uberAbsent ? ["Uber"] : [])];
  return [
    { title: "Pickups", strip: "accounts", tabs: [
      { title: "General", rows: [toggle("enabled", "Enabled", true), ...gaps(3)] }, { title: "Order Timing", rows: timing },
      { title: "Conditions", rows: [number("minimum", "Minimum Order Amount", 0)] },
      { title: "Wait Times & Auto Statuses", rows: waits(["Confirm", "Ready", "Complete"]) },
      { title: "Custom Checkout Fields", extra: "checkoutFields", fields: [] }] },
    { title: "Deliveries", strip: "section", tabs: [
      { title: "General", rows: [toggle("enabled", "Enabled", true), gap, select("provider", "Default Delivery Provider", providers), ...gaps(2),
        toggle("mapPicker", "Enable Map Picker"), ...gaps(3), toggle("streetNumber", "Force Street Number"), toggle("streetAddress", "Force Specific Street Address")] },
      { title: "Conditions", rows: [number("minimum", "Minimum Order Amount", 0), gap] }, { title: "Zones", rows: gaps(2) },
      { title: "Wait Times & Auto Statuses", rows: waits(["Confirm", "Ready", "On Route", "Complete"]) },
      { title: "Order Timing", rows: timing }, { title: "Fees", rows: gaps(2) }, { title: "Availability", rows: gaps(2) },
      { title: "Custom Checkout Fields", extra: "checkoutFields", fields: ["Request No Contact Delivery"] }] },
    ...["Dine-Ins", "Table Bookings"].map((title) => ({ title, strip: "section", tabs: [{ title: "General", rows: [toggle("enabled", "Enabled", true), gap] }, { title: "Conditions", rows: gaps(2) }] })),
  ];
}

const stripe = (config) => ({ title: "Stripe", rows: [
  toggle("enabled", "Enable"),
  ...(config.stripe === "absent" ? [] : [{ label: "Stripe Account", kind: "action", text: "Connect to Stripe", run: () => connectStripe(config) }]),
  select("currency", "Currency", CURRENCIES), ...gaps(2),
  select("layout", "Layout", ["Tabs", "Accordion with radio button", "Accordion without radio button"]),
  select("theme", "Theme", ["Stripe", "Night", "Flat"]), gap, text("label", "Label"), text("deliveryLabel", "Delivery Label"),
  text("printLabel", "Print Label"), number("maximum", "Maximum Order Value"), number("minimum", "Minimum Order Value")] });

const payments = (place, config) => [
  { title: "Cash", rows: [toggle("enabled", "Enable", true)] }, { title: "Card", rows: [toggle("enabled", "Enable", true)] },
  ...place.payments.map((method) => (method.name === "Stripe" ? stripe(config) : plain(method.name))),
];

const website = () => [
  plain("General"),
  { title: "Themes", extra: "themes" },
  { title: "Colors", rows: [colour("primary", "Primary", "#3366ff"), colour("primaryText", "Primary Text", "#ffffff"), colour("background", "Background", "#ffffff"),
    colour("text", "Text", "#000000"), colour("boxBackground", "Box & Popup Background", "#ffffff"), colour("boxText", "Box & Popup Text", "#000000")] },
  { title: "Fonts", rows: [...gaps(2), select("heading", "Heading Font", FONTS, { slow: "fonts" }), select("normal", "Normal Font", FONTS, { slow: "fonts" })] },
  { title: "Top Nav Bar", rows: [{ name: "colours", label: "Colors", kind: "pair", rows: [colour("background", "Background", "#ffffff"), colour("text", "Text", "#000000")] }, gap, file("logo", "Logo")] },
  plain("Banner"),
  { title: "Header", rows: [toggle("shown", "Show Header"), gap, file("background", "Background Image", "flex-line centered"), gap, text("title", "Header Title", "Welcome"), gap, file("logo", "Header Logo")] },
  plain("Menu Layout"),
  { title: "Items", rows: [native("style", "Item Style", ["List", "Rounded List", "Card"]), native("tagPosition", "Item Tag Position", ["Top", "Inner Bottom", "Bottom"])] },
  ...["Cart", "Checkout", "Footer", "Domain", "Languages"].map(plain),
  { title: "Favicon", rows: [file("favicon", "Favicon")] },
  { title: "SEO", rows: [text("title", "Page Title"), text("description", "Meta Description")] },
  { title: "Social Media", rows: [text("twitter", "Twitter URL"), text("facebook", "Facebook URL"), text("instagram", "Instagram URL")] },
  { title: "Custom Code", rows: [{ name: "head", label: "Header Code", kind: "area" }, { name: "body", label: "Footer Code", kind: "area" }] },
];

export const PAGES = {
  System: { sections: system }, Services: { sections: services },
  Payments: { sections: payments, heading: "addPayment" }, Website: { sections: website }, Integrations: {},
};
