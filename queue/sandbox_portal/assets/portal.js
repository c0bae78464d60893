// Draws every page of the sandbox portal after load, with the structure that the live portal's selectors expect.
import { dashboardPage, developersPage, loginPage } from "/assets/account.js";
import { el, get, scale, session } from "/assets/dom.js";
import { cover, frame, portal } from "/assets/layout.js";
import { menusPage } from "/assets/menus.js";
import { settingsPage } from "/assets/settings.js";

function go(path) {
  history.pushState(null, "", path);
  draw();
}

function sideBar(id, config) {
  const link = (name, path, label) => el("a", { id: `nav-link-${name}`, href: path, onclick: (event) => { event.preventDefault(); go(path); } }, label);
  return el("aside", {}, el("nav", {},
    link("orders", `/restaurant/${id}`, "Orders"), link("bookings", `/restaurant/${id}/bookings`, "Bookings"),
    link("customers", `/restaurant/${id}/customers`, "Customers"), link("menus", `/restaurant/${id}/menus`, "Menus"),
    link("settings", `/restaurant/${id}/settings`, "Settings"),
    el("a", { id: "nav-link-view-store", href: `${config.store}/${id}`, target: "_blank" }, "View Store")));
}

// The live portal asks for ever, so a script that waits for a quiet network waits in vain.
let polling;
function poll() {
  clearInterval(polling);
  polling = setInterval(() => fetch("/api/config"), 1000);
}

async function draw() {
  const config = await get("/api/config");
  scale(config.delay);
  portal.overlaySticks = config.overlaySticks;
  portal.listsLate = config.listsLate;
  const [, first, id, page] = location.pathname.split("/");
  if (first === "login") return loginPage(config, go);
  poll();
  if (first === "developers") return developersPage(config, go);
  if (first !== "restaurant") return dashboardPage(config, go);
  const bar = sideBar(id, config);
  if (page === "menus") return menusPage(bar, id);
  if (page === "settings") return settingsPage(bar, id, config);
  frame(bar).append(el("p", {}, "Orders of today: none yet."));
  await cover(async () => {});
}

session.lost = () => { if (!location.pathname.startsWith("/login")) go("/login"); };
window.addEventListener("popstate", draw);
draw();
