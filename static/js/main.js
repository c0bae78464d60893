// Starts the behaviours of a page, and again for whatever is swapped in.
import { startLive } from "./live.js";
import { keepOnce, focusFirstError } from "./partials/form.js";
import { followLog } from "./partials/job_log.js";
import { addRows } from "./partials/rows.js";
import { localTimes, tick } from "./partials/times.js";

const refresh = () => { localTimes(document); tick(); };

refresh();
setInterval(tick, 1000);
focusFirstError();
keepOnce();
addRows();
followLog();
startLive(document.querySelector("[data-live]"), refresh);
document.addEventListener("htmx:after:swap", refresh);
