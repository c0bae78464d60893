// Small tools of the sandbox's pages: make elements, ask the server, wait.

export function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function arrow(onclick) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 10 10");
  svg.setAttribute("width", "12");
  svg.setAttribute("height", "12");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M2 1 L8 5 L2 9 Z");
  svg.append(path);
  return el("div", { class: "cursor flex-center", onclick }, svg);
}

// Milliseconds at scale 1: what the live portal was seen to need.
export const times = {
  form: 600, overlay: 1000, list: 800, click: 300, tab: 400,
  scale(factor) {
    Object.assign(times, { form: 600 * factor, overlay: 1000 * factor, list: 800 * factor, click: 300 * factor, tab: 400 * factor });
  },
};

export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export async function get(path) {
  const answer = await fetch(path);
  return answer.ok ? answer.json() : null;
}

export async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return { ok: answer.ok, body: await answer.json() };
}

export function toast(text) {
  const node = el("div", { class: "toast" }, text);
  document.body.append(node);
  setTimeout(() => node.remove(), 4000);
}
