// Chromium through its WebDriver, without a package.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream=fps=60", "--use-fake-ui-for-media-stream",
];

/** Starts a browser with a window of this size. */
export async function start(width = 1280, height = 900) {
  const profile = await mkdtemp(join(tmpdir(), "ocelli-web-"));
  const driver = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    let printed = "";
    driver.stdout.on("data", (text) => {
      printed += text;
      const found = printed.match(/started successfully on port (\d+)/);
      if (found) resolve(found[1]);
    });
    driver.on("error", reject);
    driver.on("exit", (code) => reject(new Error(`chromedriver ends with ${code}: ${printed}`)));
  });
  const request = async (method, path, body) => {
    const response = await fetch(`http://localhost:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${value.message}`);
    return value;
  };
  const args = [...FLAGS, `--user-data-dir=${profile}`, `--window-size=${width},${height}`];
  const options = { "goog:chromeOptions": { args }, "goog:loggingPrefs": { browser: "ALL" } };
  const { sessionId } = await request("POST", "/session", { capabilities: { alwaysMatch: options } });
  const call = (method, path, body) => request(method, `/session/${sessionId}${path}`, body);
  const element = async (selector) => (await call("POST", "/element", { using: "css selector", value: selector }))[ELEMENT];
  const run = (script, ...values) => call("POST", "/execute/sync", { script, args: values });
  return {
    run,
    open: (url) => call("POST", "/url", { url }),
    click: async (selector) => call("POST", `/element/${await element(selector)}/click`, {}),
    type: async (selector, text) => call("POST", `/element/${await element(selector)}/value`, { text }),
    text: (selector) => run("return document.querySelector(arguments[0]).textContent", selector),
    log: () => call("POST", "/se/log", { type: "browser" }),
    screenshot: async () => Buffer.from(await call("GET", "/screenshot"), "base64"),
    devtools: (cmd, params) => call("POST", "/goog/cdp/execute", { cmd, params }),
    /** Waits until a script returns something, and returns it. */
    async until(what, script, ...values) {
      for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) {
        const found = await run(script, ...values);
        if (found) return found;
      }
      throw new Error(`${what} does not happen; the page shows ${await run("return document.body.innerText")}`);
    },
    async stop() {
      await call("DELETE", "").catch(() => {});
      driver.removeAllListeners("exit");
      driver.kill();
      await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
