// A static server for one folder, as any web server is.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json",
  ".wasm": "application/wasm", ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg",
};

/** Serves a folder, and files of `extra`. `down` makes it answer nothing, as without a network. */
export async function serve(folder) {
  const state = { down: false, extra: new Map() };
  const server = createServer(async (request, response) => {
    if (state.down) return request.socket.destroy();
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    try {
      const bytes = state.extra.get(path) ?? await readFile(join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path)));
      response.writeHead(200, { "content-type": TYPES[extname(path) || ".html"] ?? "application/octet-stream" });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  return { state, url: `http://localhost:${server.address().port}/`, close: () => server.close() };
}
