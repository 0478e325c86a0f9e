// Origin server for the interop test, on node:http: node server.mjs PORT FOLDER
//
// FOLDER/hello is served as /hello, FOLDER/files as /files/ and, chunked with a trailer, as /chunked/.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pipeline } from "node:stream";

const [port, folder] = process.argv.slice(2);
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

const handlers = { GET: get, HEAD: get, POST: echo, PUT: put, DELETE: remove };

function get(request, response) {
  const [, place, name] = request.url.split("/");
  if (request.url === "/hello") return hello(request, response);
  if (request.url === "/nothing") return answer(response, 204);
  if (request.url === "/hints") return hints(response);
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

function echo(request, response) {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => answer(response, 200, Buffer.concat(pieces)));
}

function put(request, response) {
  if (request.url === "/small") {
    answer(response, 413, "too large\n");
    return request.resume();
  }
  const file = fs.createWriteStream(path.join(folder, request.url));
  pipeline(request, file, (error) => answer(response, error ? 500 : 201));
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

server.listen(Number(port), "127.0.0.1");
