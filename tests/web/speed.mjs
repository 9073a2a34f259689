// Prints how fast a page is in headless Chromium: `node speed.mjs FOLDER`.
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "./browser.mjs";
import { serve } from "./server.mjs";

/** Seconds that the camera runs. */
const SECONDS = 5;

const server = await serve(process.argv[2]);
const browser = await start();
const visible = "return !document.querySelector('main').hidden";
const answers = [];
for (let visit = 0; visit < 5; visit++) {
  await browser.open("about:blank");
  await browser.open(server.url);
  await browser.until("the page", visible);
  answers.push(await browser.run(`const [{ loadEventEnd }] = performance.getEntriesByType("navigation");
    return performance.getEntriesByName("ocelli answer")[0].startTime - loadEventEnd`));
}
console.log(`first answer ${answers.map((time) => time.toFixed(0)).join(", ")} ms after the load event`);

await browser.devtools("Performance.enable", { timeDomain: "threadTicks" });
const busy = async () => {
  const { metrics } = await browser.devtools("Performance.getMetrics", {});
  return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
};
await browser.click("#camera");
await browser.until("the camera", "return !document.getElementById('video').hidden");
await browser.run(`window.frames_ = 0;
  const video = document.getElementById("video");
  const count = () => { window.frames_++; video.requestVideoFrameCallback(count); };
  video.requestVideoFrameCallback(count);`);
await sleep(1000);
const frames = () => browser.run("return window.frames_");
const [firstFrame, firstBusy, begin] = [await frames(), await busy(), performance.now()];
await sleep(1000 * SECONDS);
const [count, time, span] = [await frames() - firstFrame, await busy() - firstBusy, performance.now() - begin];
console.log(`camera ${((1000 * count) / span).toFixed(1)} frames a second with the evidence, ${(time / count).toFixed(1)} ms of the page's thread for each`);
console.log(`network ${await browser.text("#time-network")}, picture ${await browser.text("#time-picture")}`);
await browser.stop();
server.close();
