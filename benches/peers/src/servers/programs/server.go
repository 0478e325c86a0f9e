// Go's net/http: a handler for the small answer, and its own for files.
// Arguments: port, directory.
package main

import (
	"log"
	"net/http"
	"os"
)

func hello(answer http.ResponseWriter, request *http.Request) {
	answer.Header().Set("Content-Type", "text/plain")
	answer.Write([]byte("hello, world\n"))
}

func main() {
	port, directory := os.Args[1], os.Args[2]
	http.HandleFunc("/hello", hello)
	http.Handle("/", http.FileServer(http.Dir(directory)))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
