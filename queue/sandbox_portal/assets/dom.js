// Small tools of the sandbox's pages: make elements, ask the server, wait.

export function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// `depth` anonymous divs around `inside`: a selector of the live portal is mostly a path.
export const wrap = (depth, inside) => Array.from({ length: depth }).reduce((child) => el("div", {}, child), inside);

export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 10 10");
  svg.setAttribute("width", "12");
  svg.setAttribute("height", "12");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const arrow = (onclick) => el("div", { class: "cursor flex-center", onclick }, icon("M2 1 L8 5 L2 9 Z"));

// Milliseconds at scale 1: what the live portal was seen to need.
const REAL = {
  form: 600, overlay: 1000, list: 800, click: 300, tab: 400, theme: 4000, fonts: 2000, suggestions: 1500,
  upload: 4000, stripe: 3000, late: 7000, toast: 4000,
};
export const times = { ...REAL };

export function scale(factor) {
  for (const [name, value] of Object.entries(REAL)) times[name] = value * factor;
  times.toast = Math.max(500, times.toast);
  times.late = Math.max(1500, times.late); // late is late, whatever else is quick
}

export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// The portal sends whoever has no session to its login; `portal.js` says how.
export const session = { lost: () => {} };

async function ask(path, options) {
  const answer = await fetch(path, options);
  if (answer.status === 401 && !path.endsWith("/login")) session.lost();
  return { ok: answer.ok, body: await answer.json() };
}

export async function get(path) {
  const answer = await ask(path);
  return answer.ok ? answer.body : null;
}

export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const send = (path, file) => ask(path, { method: "POST", headers: { "x-file-name": encodeURIComponent(file.name) }, body: file });

export function toast(text) {
  const node = el("div", { class: "toast" }, text);
  document.body.append(node);
  setTimeout(() => node.remove(), times.toast);
}

// Send a save and say how it went, as the portal does; the button tells that it is under way. Returns the answer or null.
export async function save(button, path, body) {
  const label = button.textContent;
  button.textContent = "Saving";
  const answer = await post(path, body);
  button.textContent = label;
  toast(answer.ok ? "Saved" : answer.body.error);
  return answer.ok ? answer.body : null;
}
