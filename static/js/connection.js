// The chip in the header: how the page is kept up to date just now.

/** Opens a window of its own: what stands on this page stays, and goes on when its tab is shown again. */
function signInLink() {
  const link = document.createElement("a");
  link.href = `/sign-in?next=${location.pathname}`;
  link.target = "_blank";
  link.textContent = "sign in again";
  return link;
}

const WORDS = {
  live: "Live", reconnecting: "Reconnecting…", offline: "Offline", gone: "No longer available",
  "signed-out": "Signed out:", resting: "",
};

export function sayConnection(state, seconds) {
  const chip = document.getElementById("connection");
  if (!chip) return;
  const words = state === "polling" ? `Checking every ${seconds} s` : WORDS[state];
  if (chip.dataset.state === state && chip.dataset.words === words) return;
  chip.dataset.state = state;
  chip.dataset.words = words;
  chip.textContent = words;
  chip.hidden = !words;
  if (state === "signed-out") chip.append(signInLink());
}
