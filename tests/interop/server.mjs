// Origin server for the interop test, on node:http: node server.mjs PORT FOLDER [IDLE]
//
// FOLDER/hello is served as /hello, FOLDER/files as /files/ and, chunked with a trailer, as /chunked/.
// /ws is a WebSocket that sends back what comes.

import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pipeline } from "node:stream";

const [port, folder, idle] = process.argv.slice(2);
const etag = '"hello-1"';
const http10 = {
  "/http10/close": "\r\nuntil close",
  "/http10/length": "Content-Length: 6\r\n\r\nlength",
};

const server = http.createServer((request, response) => {
  response.setHeader("X-Client-Port", request.socket.remotePort);
  const handler = handlers[request.method];
  handler ? handler(request, response) : answer(response, 405);
});

const handlers = { GET: get, HEAD: get, POST: post, PUT: put, DELETE: remove };

server.on("checkContinue", (request, response) => {
  if (request.url === "/small") return tooLarge(request, response);
  response.writeContinue();
  server.emit("request", request, response);
});

function get(request, response) {
  const [, place, name] = request.url.split("/");
  if (request.url === "/hello") return hello(request, response);
  if (request.url === "/nothing") return answer(response, 204);
  if (request.url === "/hints") return hints(response);
  if (request.url === "/trailers") return trailers(response);
  if (request.url in http10) return sendHttp10(request);
  if (name && (place === "files" || place === "chunked")) return sendFile(response, place, name);
  answer(response, 404, "no such page\n");
}

function hello(request, response) {
  response.setHeader("ETag", etag);
  if (request.headers["if-none-match"] === etag) return answer(response, 304);
  answer(response, 200, fs.readFileSync(path.join(folder, "hello")));
}

function hints(response) {
  response.writeEarlyHints({ link: "</style.css>; rel=preload" }, () => answer(response, 200, "hinted"));
}

function trailers(response) {
  response.setHeader("Trailer", "X-Check");
  response.addTrailers({ "X-Check": "done" });
  response.write("trailed");
  response.end();
}

// node:http answers in HTTP/1.1 only; this one is written by hand.
function sendHttp10(request) {
  const head = `HTTP/1.0 200 OK\r\nX-Client-Port: ${request.socket.remotePort}\r\n`;
  request.socket.end(head + http10[request.url]);
}

function sendFile(response, place, name) {
  const file = path.join(folder, "files", name);
  if (!fs.existsSync(file)) return answer(response, 404, "no such file\n");
  response.setHeader("Content-Type", "text/plain");
  if (place === "chunked") {
    response.setHeader("Trailer", "X-Check");
    response.addTrailers({ "X-Check": "done" });
  } else {
    response.setHeader("Content-Length", fs.statSync(file).size);
  }
  pipeline(fs.createReadStream(file), response, () => {});
}

function post(request, response) {
  if (request.url === "/small") return tooLarge(request, response);
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => answer(response, 200, Buffer.concat(pieces)));
}

function put(request, response) {
  if (request.url === "/small") return tooLarge(request, response);
  const file = fs.createWriteStream(path.join(folder, request.url));
  pipeline(request, file, (error) => answer(response, error ? 500 : 201));
}

function tooLarge(request, response) {
  answer(response, 413, "too large\n");
  request.resume();
}

function remove(request, response) {
  fs.unlinkSync(path.join(folder, request.url));
  answer(response, 204);
}

function answer(response, status, body = "") {
  if (status !== 204 && status !== 304) {
    response.setHeader("Content-Type", "text/plain");
    response.setHeader("Content-Length", Buffer.byteLength(body));
  }
  response.writeHead(status).end(body);
}

// What RFC 6455 section 1.3 puts behind the key of a handshake.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

server.on("upgrade", (request, socket, head) => {
  const hash = createHash("sha1").update(request.headers["sec-websocket-key"] + guid);
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Accept: ${hash.digest("base64")}\r\n\r\n`,
  );
  socket.on("error", () => {});
  socket.on("data", (frame) => socket.write(unmasked(frame)));
  if (head.length > 0) socket.write(unmasked(head));
});

// A short frame of a client, as a server sends it: two bytes of a head, four of a mask, the text.
function unmasked(frame) {
  const text = frame.subarray(6).map((octet, place) => octet ^ frame[2 + (place % 4)]);
  return Buffer.concat([Buffer.from([frame[0], frame[1] & 0x7f]), text]);
}

if (idle) server.keepAliveTimeout = Number(idle) * 1000;
server.listen(Number(port), "127.0.0.1");
