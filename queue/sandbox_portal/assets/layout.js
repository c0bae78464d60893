// What pages are made of: the frame with its overlay, strips of tabs, pop-ups, forms.
import { control, row } from "/assets/controls.js";
import { el, sleep, times, wrap } from "/assets/dom.js";

const root = () => document.getElementById("root");
const STRIP = "components__TabSelectOptionsComponent-USxIn cCRcoK";

// body > div > main, whose second child is #scroll-root; five anonymous divs below it. Returns the innermost of them.
export function frame(bar, menu) {
  const inner = el("div", {});
  const second = el("div", {}, menu, wrap(2, inner));
  root().replaceChildren(el("main", {}, el("div", { class: "side" }, bar),
    el("div", { id: "scroll-root" }, el("div", {}, second)), el("div", { class: "cover-loader" })));
  return inner;
}

// The overlay lies over the page while `work` loads. `portal.overlaySticks` is one of the faults.
export const portal = { overlaySticks: false, listsLate: false };
export async function cover(work) {
  const overlay = root().querySelector(".cover-loader");
  overlay?.classList.add("active");
  await sleep(times.overlay);
  const done = await work();
  if (!portal.overlaySticks) overlay?.classList.remove("active");
  return done;
}

// What `fill` lists comes at once, or late, after a spinner beside `holder`. `portal.listsLate` is one of the faults.
export async function list(holder, fill) {
  if (portal.listsLate) {
    const spinner = el("div", { class: "spinner" }, "…");
    holder.append(spinner);
    await sleep(800);
    spinner.remove();
  }
  fill();
}

// A strip of tabs; `show(index)` draws one. The first is shown at once.
export function tabs(name, titles, show) {
  const pick = (index) => async () => { await sleep(times.click); show(index); };
  return el("div", { id: `${name}-tab-options` }, el("div", { id: `${name}-tab-options-tab-select-content` },
    el("div", { class: STRIP }, ...titles.map((title, index) => el("div", {}, el("div", { class: "cursor tab", onclick: pick(index) }, title))))));
}

// The rows of `specs` with their values; `read()` gives them all.
export function fields(specs, values) {
  const made = specs.map((spec) => ({ spec, control: control(spec, values?.[spec.name]) }));
  return {
    nodes: made.map(({ spec, control: drawn }) => row(spec.label ?? "", drawn)),
    read: () => Object.fromEntries(made.filter(({ spec }) => spec.name).map(({ spec, control: drawn }) => [spec.name, drawn.value()])),
  };
}

// A pop-up. Its id is random on the live portal and ends in -content; `id` where the portal fixes it.
export function modal(title, build, id = `Os_${Math.random().toString(36).slice(2, 10)}`) {
  const onKey = (event) => { if (event.key === "Escape") close(); };
  const close = () => { shade.remove(); document.removeEventListener("keydown", onKey); };
  const box = el("div", { id: `${id}-content`, role: "dialog" });
  const shade = el("div", { class: "shade" }, el("div", { class: "modal" },
    el("button", { type: "button", class: "modal__CloseButton-ciHmJi", "aria-label": "Close", onclick: close }, "×"), box));
  box.append(...build(close, el("div", { class: "title" }, title)));
  document.addEventListener("keydown", onKey);
  document.body.append(shade);
}

export const saveButton = (onclick, label = "Save") => {
  const button = el("button", { type: "button", class: "primary", onclick: () => onclick(button) }, label);
  return button;
};
