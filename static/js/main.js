// Starts the behaviours of a page, and again for whatever is swapped in.
import { closeAnswered } from "./partials/ask.js";
import { keepAttention } from "./partials/attention.js";
import { pairColours } from "./partials/colour.js";
import { focusFirstError, keepOnce, settleChecked } from "./partials/form.js";
import { followLog } from "./partials/job_log.js";
import { addRows } from "./partials/rows.js";
import { localTimes, tick } from "./partials/times.js";
import { tellUnsent } from "./partials/unsent.js";
import { startLive } from "./start_live.js";

const refresh = () => { localTimes(document); tick(); };

refresh();
setInterval(tick, 1000);
focusFirstError();
keepOnce();
settleChecked();
addRows();
pairColours();
closeAnswered();
followLog();
keepAttention();
tellUnsent();
startLive(document.querySelector("[data-live]"));
document.addEventListener("htmx:after:swap", refresh);
