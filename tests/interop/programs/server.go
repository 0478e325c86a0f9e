// Go's net/http in the interop test: server PORT IDLE
package main

import (
	"crypto/sha1"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

// What RFC 6455 section 1.3 puts behind the key of a handshake.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

func main() {
	idle, err := time.ParseDuration(os.Args[2] + "s")
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/hello", hello)
	http.HandleFunc("/echo", echo)
	http.HandleFunc("/small", small)
	http.HandleFunc("/hints", hints)
	http.HandleFunc("/trailers", trailers)
	http.HandleFunc("/ws", websocket)
	server := http.Server{Addr: "127.0.0.1:" + os.Args[1], IdleTimeout: idle}
	log.Fatal(server.ListenAndServe())
}

func hello(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "hello, world\n")
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}

func small(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "too large", http.StatusRequestEntityTooLarge)
}

func hints(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Link", "</style.css>; rel=preload")
	w.WriteHeader(http.StatusEarlyHints)
	io.WriteString(w, "hinted")
}

func trailers(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "X-Check")
	io.WriteString(w, "trailed")
	w.Header().Set("X-Check", "done")
}

// Switches, and sends back whatever frames come, unmasked.
func websocket(w http.ResponseWriter, r *http.Request) {
	hash := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + guid))
	connection, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Accept: "+
		base64.StdEncoding.EncodeToString(hash[:])+"\r\n\r\n")
	for {
		frame := make([]byte, 6) // two bytes of a head, four of a mask
		if _, err := io.ReadFull(buffered, frame); err != nil {
			return
		}
		text := make([]byte, frame[1]&0x7f)
		if _, err := io.ReadFull(buffered, text); err != nil {
			return
		}
		for place := range text {
			text[place] ^= frame[2+place%4]
		}
		connection.Write(append([]byte{frame[0], frame[1] & 0x7f}, text...))
	}
}
