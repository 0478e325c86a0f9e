// Go's net/http against the crate's server: client PORT BIG, where BIG is the length of /big.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync"
	"time"
)

var (
	base   = "http://127.0.0.1:" + os.Args[1]
	body   = bytes.Repeat([]byte("0123456789"), 100_000)
	client = http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{ExpectContinueTimeout: time.Minute},
	}
)

type answer struct {
	*http.Response
	content []byte
	reused  bool
}

func check(holds bool, complaint string, facts ...any) {
	if !holds {
		log.Fatalln(append([]any{complaint}, facts...)...)
	}
}

func ask(method, path string, content io.Reader, fields ...string) answer {
	request, err := http.NewRequest(method, base+path, content)
	check(err == nil, "request", err)
	for place := 0; place < len(fields); place += 2 {
		request.Header.Set(fields[place], fields[place+1])
	}
	return do(request)
}

func do(request *http.Request) answer {
	var reused bool
	trace := httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
	traced := request.WithContext(httptrace.WithClientTrace(context.Background(), &trace))
	response, err := client.Do(traced)
	check(err == nil, "exchange", err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	check(err == nil, "body", err)
	return answer{response, content, reused}
}

// unsized hides the length, so that the body goes out in chunks.
func unsized() io.Reader { return io.MultiReader(bytes.NewReader(body)) }

func files() {
	hello := ask("GET", "/hello", nil)
	check(string(hello.content) == "hello, world\n", "hello", hello.content)
	unchanged := ask("GET", "/hello", nil, "If-None-Match", hello.Header.Get("ETag"))
	check(unchanged.StatusCode == 304 && unchanged.reused, "304", unchanged.StatusCode)
	part := ask("GET", "/hello", nil, "Range", "bytes=7-11")
	check(part.StatusCode == 206 && string(part.content) == "world", "range", part.content)
	big, _ := strconv.Atoi(os.Args[2])
	head := ask("HEAD", "/big", nil)
	check(head.ContentLength == int64(big) && len(head.content) == 0, "HEAD", head.ContentLength)
	whole := ask("GET", "/big", nil)
	check(len(whole.content) == big && whole.reused, "big", len(whole.content))
	moved := ask("GET", "/inner", nil)
	check(moved.Request.URL.Path == "/inner/", "redirect", moved.Request.URL)
	check(string(ask("GET", "/text", nil).content) == "unpacked", "gzip")
	check(ask("GET", "/none", nil).StatusCode == 404, "404")
}

func uploads() {
	sized := ask("POST", "/echo", bytes.NewReader(body))
	check(bytes.Equal(sized.content, body) && sized.Header.Get("X-Chunked") == "no", "sized")
	chunked := ask("PUT", "/echo", unsized(), "Expect", "100-continue")
	check(bytes.Equal(chunked.content, body) && chunked.Header.Get("X-Chunked") == "yes", "chunked")
	check(chunked.reused, "a new connection")
	request, _ := http.NewRequest("POST", base+"/echo", unsized())
	request.Trailer = http.Header{"X-Check": {"done"}}
	trailed := do(request)
	check(trailed.Header.Get("X-Trailer") == "done" && trailed.reused, "trailer", trailed.Header)
	refused := ask("PUT", "/hello", unsized(), "Expect", "100-continue")
	check(refused.StatusCode == 405, "refusal", refused.StatusCode)
}

func manyAtOnce() {
	var group sync.WaitGroup
	for count := 0; count < 100; count++ {
		group.Add(1)
		go func(length int) {
			defer group.Done()
			echoed := ask("POST", "/echo", bytes.NewReader(body[:length]))
			check(len(echoed.content) == length, fmt.Sprint(length), len(echoed.content))
		}(count * 1_000)
	}
	group.Wait()
}

func main() {
	files()
	uploads()
	manyAtOnce()
}
