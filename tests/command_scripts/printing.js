// Prints results and progress in every way that scripts of the old kind have, and misbehaves in some.
const { spawn } = require("node:child_process");
const fs = require("node:fs");

const argument = process.argv.find((part) => part.startsWith("--payload="));
const path = argument.slice("--payload=".length);
const payload = JSON.parse(fs.readFileSync(path, "utf8"));
const block = (start, end, value) => console.log(`${start}\n${JSON.stringify(value)}\n${end}`);

const ways = {
  block: () => {
    console.log("🔐 STEP 1: Sign in");
    console.log("\nSTEP 2: Work");
    console.log("[1/2] Creating: one\n[2/2] Creating: two");
    console.log("API Key: key-1234567890");
    block("### SCRIPT_RESULT_START ###", "### SCRIPT_RESULT_END ###", { success: true, apiKey: "key-1234567890", apiKeyName: "Till" });
  },
  old_block: () => block("===RESULT_DATA_START===", "===RESULT_DATA_END===", { success: true, uploadedLogoUrl: "https://example.com/logo.png" }),
  json: () => console.log(`done: ${JSON.stringify({ success: true, partial: true, message: "some", data: { created: 1 } })} bye`),
  counts: () => console.log("Successfully created: 2/3\nFailed: 1"),
  silent: () => console.log("✅ Successfully completed!"),
  says_no: () => console.log(JSON.stringify({ success: false, message: "The validation of the form failed" })),
  exits: () => {
    console.log("STEP 1: Sign in");
    console.error("Script failed: Login failed - not redirected to dashboard");
    process.exitCode = 1;
  },
  boasts: () => {
    console.log(JSON.stringify({ success: true, message: "All done" }));
    process.exitCode = 3;
  },
  tells: () => {
    console.log(`signing in with ${payload.password}`);
    console.error(`password=${encodeURIComponent(payload.password)}`);
    block("### SCRIPT_RESULT_START ###", "### SCRIPT_RESULT_END ###", { success: true, message: `used ${payload.password}` });
  },
  reads: () => {
    const { mode, uid } = fs.statSync(path);
    const folder = fs.statSync(process.cwd());
    const csv = payload.csvFile ? fs.readFileSync(payload.csvFile, "utf8") : null;
    console.log(JSON.stringify({
      success: true,
      data: {
        path, csv, note: payload.note, argv: process.argv.slice(2), env: process.env, mode: (mode & 0o777).toString(8), isOurs: uid === process.getuid(),
        folderMode: (folder.mode & 0o777).toString(8),
      },
    }));
  },
  hangs: () => {
    process.on("SIGTERM", () => console.log("not now"));
    spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" }).unref();
    console.log("STEP 1: Sign in");
    setInterval(() => {}, 1000);
  },
  escapes: () => {
    const code = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
    // Their parent ends at once, so that they are nobody's children.
    const parent = `for (let n = 0; n < 3; n++) require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(code)}, "a", "b", "${payload.note}"], { detached: true, cwd: "/", env: {}, stdio: "ignore" }).unref()`;
    spawn(process.execPath, ["-e", parent, "a"], { detached: true, cwd: "/", env: {}, stdio: "ignore" }).unref();
    process.on("SIGTERM", () => {});
    console.log("STEP 1: Sign in");
    setInterval(() => {}, 1000);
  },
  kills_itself: () => process.kill(process.pid, "SIGKILL"),
  crashes: () => { throw new Error("ETIMEDOUT while waiting for the portal"); },
};
ways[payload.way]();
