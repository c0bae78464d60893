// Signs in to the portal and lists its restaurants. The environment names the library, the browser and the portal.
const fs = require("node:fs");
const { chromium } = require(process.env.PLAYWRIGHT);

const path = process.argv[2].slice("--payload=".length);
const { email, password } = JSON.parse(fs.readFileSync(path, "utf8"));
const agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: process.env.HEADLESS === "true", args: ["--no-sandbox"] });
  try {
    const page = await (await browser.newContext({ userAgent: agent })).newPage();
    console.log("STEP 1: Login to admin portal");
    await page.goto(`${process.env.PORTAL}/login`);
    await page.fill('input[type="email"]', email);
    await page.fill('input[type="password"]', password);
    await page.click('button[type="submit"]');
    console.log("STEP 2: Read the restaurants");
    await page.waitForSelector("h4", { timeout: 4000 });
    const names = await page.locator("h4").allInnerTexts();
    console.log("### SCRIPT_RESULT_START ###");
    console.log(JSON.stringify({ success: true, message: `${names.length} restaurants`, data: { names } }));
    console.log("### SCRIPT_RESULT_END ###");
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(`Script failed: ${error.message}`);
  process.exit(1);
});
