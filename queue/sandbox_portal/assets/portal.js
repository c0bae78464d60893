// Draws every page of the sandbox portal after load, with the structure that the live portal's selectors expect.
import { itemTagsPage } from "/assets/item_tags.js";
import { el, get, post, sleep, times } from "/assets/dom.js";

const root = document.getElementById("root");

function frame(...content) {
  // body > div > main, whose second child is #scroll-root; five anonymous divs below it
  const inner = el("div", {}, ...content);
  const nested = [1, 2, 3, 4].reduce((child) => el("div", {}, child), inner);
  const bar = location.pathname.startsWith("/restaurant/") ? sideBar() : el("aside", {}, "Admin");
  root.replaceChildren(el("main", {}, bar, el("div", { id: "scroll-root" }, nested), el("div", { class: "cover-loader" })));
  return inner;
}

async function cover(work) {
  const overlay = root.querySelector(".cover-loader");
  overlay?.classList.add("active");
  await sleep(times.overlay);
  const done = await work();
  overlay?.classList.remove("active");
  return done;
}

function go(path) {
  history.pushState(null, "", path);
  draw();
}

function sideBar() {
  const id = location.pathname.split("/")[2];
  const link = (name, path, label) =>
    el("a", { id: `nav-link-${name}`, href: path, onclick: (event) => { event.preventDefault(); go(path); } }, label);
  return el("aside", {}, el("nav", {},
    link("orders", `/restaurant/${id}`, "Orders"), link("bookings", `/restaurant/${id}/bookings`, "Bookings"),
    link("customers", `/restaurant/${id}/customers`, "Customers"), link("menus", `/restaurant/${id}/menus`, "Menus"),
    link("settings", `/restaurant/${id}/settings`, "Settings"), link("view-store", `/restaurant/${id}/store`, "Visit Store")));
}

async function login(config) {
  await sleep(times.form);
  if (!config.loginForm) return;
  const alert = el("p", {});
  const form = el("form", { novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    const [email, password] = form.querySelectorAll("input");
    await sleep(times.click);
    const answer = await post("/api/login", { email: email.value, password: password.value });
    if (answer.ok) return go("/");
    alert.setAttribute("role", "alert");
    alert.textContent = answer.body.error;
  } }, el("h2", {}, "Sign in"),
  el("input", { type: "email", placeholder: "Email" }), el("input", { type: "password", placeholder: "Password" }),
  el("button", { type: "submit" }, "Login"), alert);
  frame(form);
}

async function dashboard(config) {
  const inner = frame();
  const restaurants = await cover(async () => { await sleep(times.list); return get("/api/restaurants"); });
  if (!restaurants) return go("/login");
  const cards = restaurants.map((place, index) => el("div", { class: "card", ...(config.listIds ? { id: `restaurant-list-item-${index}` } : {}) },
    el("h4", {}, place.name), el("button", { onclick: async () => { await sleep(times.click); go(`/restaurant/${place.id}`); } }, "Manage")));
  inner.replaceChildren(el("button", {}, restaurants.length ? "Add Restaurant" : "Create New Restaurant"), ...cards);
  poll();
}

// The live dashboard asks for ever, so a script that waits for a quiet network waits in vain.
let polling;
function poll() {
  clearInterval(polling);
  polling = setInterval(() => fetch("/api/config"), 1000);
}

async function draw() {
  const config = await get("/api/config");
  times.scale(config.delay);
  const [, first, id, page] = location.pathname.split("/");
  if (first === "login") return login(config);
  if (first !== "restaurant") return dashboard(config);
  if (page === "menus") return itemTagsPage(frame, cover, id);
  frame(el("p", {}, "Orders of today: none yet."));
  await cover(async () => {});
}

window.addEventListener("popstate", draw);
draw();
