// Node's fetch against the crate's server: client.mjs PORT BIG, where BIG is the length of /big.

import assert from "node:assert/strict";
import http from "node:http";

const [port, big] = process.argv.slice(2).map(Number);
const base = `http://127.0.0.1:${port}`;
const body = Buffer.alloc(1_000_000, "0123456789");

async function ask(path, options = {}) {
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(base + path, { signal, ...options });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

function stream() {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(body.subarray(0, 300_000));
      controller.enqueue(body.subarray(300_000));
      controller.close();
    },
  });
}

async function files() {
  const { response, bytes } = await ask("/hello");
  assert.equal(response.status, 200);
  assert.equal(bytes.toString(), "hello, world\n");
  const headers = { "If-None-Match": response.headers.get("etag") };
  assert.equal((await ask("/hello", { headers })).response.status, 304);
  const part = await ask("/big", { headers: { Range: "bytes=1000-1999" } });
  assert.equal(part.response.status, 206);
  assert.equal(part.bytes.length, 1000);
  assert.equal((await ask("/big", { method: "HEAD" })).response.headers.get("content-length"), `${big}`);
  const moved = await ask("/inner");
  assert.ok(moved.response.redirected && moved.response.url.endsWith("/inner/"));
  assert.equal((await ask("/text")).bytes.toString(), "unpacked");
  assert.equal((await ask("/none")).response.status, 404);
}

async function uploads() {
  const sized = await ask("/echo", { method: "POST", body });
  assert.equal(sized.response.headers.get("x-chunked"), "no");
  assert.ok(sized.bytes.equals(body));
  const chunked = await ask("/echo", { method: "PUT", body: stream(), duplex: "half" });
  assert.equal(chunked.response.headers.get("x-chunked"), "yes");
  assert.ok(chunked.bytes.equals(body));
  const form = new FormData();
  form.set("file", new Blob([body]), "name");
  const posted = await ask("/echo", { method: "POST", body: form });
  assert.ok(posted.bytes.includes(body));
}

// fetch does not tell its connections; they must be few.
async function keepsAlive() {
  const ports = new Set();
  for (let count = 0; count < 50; count += 1) {
    const { response } = await ask("/echo", { method: "POST", body: "x" });
    ports.add(response.headers.get("x-client-port"));
  }
  assert.ok(ports.size <= 2, `${ports.size} connections`);
}

// A response that is given up, then a hundred at once.
async function givesUp() {
  const controller = new AbortController();
  const response = await fetch(`${base}/big`, { signal: controller.signal });
  await response.body.getReader().read();
  controller.abort();
  const many = Array.from({ length: 100 }, (_, count) =>
    ask("/echo", { method: "POST", body: body.subarray(0, count * 100) }));
  for (const [count, { bytes }] of (await Promise.all(many)).entries()) {
    assert.equal(bytes.length, count * 100);
  }
}

// node:http, which sends trailers and waits for 100.
async function trailers() {
  const options = { method: "POST", headers: { Expect: "100-continue", Trailer: "X-Check" } };
  const response = await new Promise((resolve, reject) => {
    const request = http.request(`${base}/echo`, options, resolve);
    request.on("error", reject);
    request.on("continue", () => {
      request.addTrailers({ "X-Check": "done" });
      request.end("told to go on");
    });
    request.flushHeaders();
  });
  assert.equal(response.headers["x-trailer"], "done");
  assert.equal((await response.toArray()).join(""), "told to go on");
}

await files();
await uploads();
await keepsAlive();
await givesUp();
await trailers();
