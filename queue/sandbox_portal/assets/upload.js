// The image service's dialogue, in which every picture is uploaded.
import { el, send, sleep, times } from "/assets/dom.js";

export async function upload(done) {
  await sleep(times.click);
  const body = el("div", {});
  const dialog = el("div", { class: "uploadcare--dialog" }, el("button", { type: "button", "aria-label": "Close", onclick: () => dialog.remove() }, "×"), body);
  const picker = el("input", { type: "file", class: "hidden" });
  const choose = () => {
    picker.value = ""; // so that the same file can be chosen again
    body.replaceChildren(picker, el("p", {}, "Drag and drop, or"),
      el("button", { type: "button", onclick: () => picker.click() }, "Choose a local file"));
  };
  picker.addEventListener("change", async () => {
    const [chosen] = picker.files;
    if (!chosen) return;
    body.replaceChildren(el("p", {}, "Uploading…"));
    await sleep(times.upload);
    const answer = await send("/api/uploads", chosen);
    if (!answer.ok) {
      body.replaceChildren(el("p", {}, "Something went wrong during the upload"),
        el("button", { type: "button", onclick: choose }, "Please try again"));
      return;
    }
    body.replaceChildren(el("img", { class: "uploadcare--preview__image", src: answer.body.url, alt: "" }),
      el("button", { type: "button", onclick: () => { dialog.remove(); done(answer.body.url); } }, "Add"));
  });
  choose();
  document.body.append(dialog);
}
