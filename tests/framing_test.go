package tests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kokoroe/tests/portal"
)

// securityHeaders are on every answer, whatever was asked.
var securityHeaders = map[string]string{
	"Content-Security-Policy":      "default-src 'none'",
	"Strict-Transport-Security":    "max-age=63072000",
	"X-Content-Type-Options":       "nosniff",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=()",
	"Referrer-Policy":              "",
	"X-Request-Id":                 "",
}

// assertGuarded fails the test unless an answer has the security headers and
// says nothing about the program.
func assertGuarded(t testing.TB, what string, h http.Header) {
	t.Helper()
	for name, part := range securityHeaders {
		if got := h.Get(name); got == "" || !strings.Contains(got, part) {
			t.Errorf("%s: %s is %q", what, name, got)
		}
	}
	for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
		if h.Get(name) != "" {
			t.Errorf("%s: %s is %q", what, name, h.Get(name))
		}
	}
}

// rawAnswer is one answer as it came over the wire.
type rawAnswer struct {
	*http.Response
	Text string
}

// speak sends bytes to the portal as they are. When an answer has come it asks
// honestly for something else, to see whether the portal still listens and
// whether it answers anything in between. It returns the answers to the bytes
// alone, and whether the portal hung up.
func speak(t testing.TB, p *portal.Portal, message string) (answers []rawAnswer, closed bool) {
	t.Helper()
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, message) }() // the portal may hang up while we speak
	var heard bytes.Buffer
	buffer := make([]byte, 64<<10)
	closed = true
	asked := false
	for {
		// What is no whole request gets no answer: half a second shows that.
		_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		n, err := conn.Read(buffer)
		heard.Write(buffer[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			closed = false
			break
		}
		if err != nil {
			break // EOF, or reset because it had not read everything
		}
		if !asked && !bytes.HasPrefix(heard.Bytes(), []byte("HTTP/1.1 100")) {
			asked = true
			_, _ = io.WriteString(conn, "GET /readyz HTTP/1.1\r\nHost: "+u.Host+"\r\nConnection: close\r\n\r\n")
		}
	}
	answers = parseAnswers(t, heard.Bytes(), strings.HasPrefix(message, "HEAD "))
	if n := len(answers); n > 0 && answers[n-1].Text == "ready\n" {
		return answers[:n-1], false
	}
	return answers, closed
}

func parseAnswers(t testing.TB, heard []byte, bodiless bool) (answers []rawAnswer) {
	t.Helper()
	reader := bufio.NewReader(bytes.NewReader(heard))
	for {
		if _, err := reader.Peek(1); err != nil {
			return answers
		}
		request := &http.Request{Method: http.MethodGet}
		if bodiless && len(answers) == 0 {
			request.Method = http.MethodHead
		}
		response, err := http.ReadResponse(reader, request)
		if err != nil {
			t.Fatalf("the portal answered what is no HTTP: %v\n%q", err, heard)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("an answer was cut off: %v", err)
		}
		if response.StatusCode != http.StatusContinue { // that is not the answer yet
			answers = append(answers, rawAnswer{response, string(body)})
		}
	}
}

// framing is what a stranger may put on the wire. HOST stands for the portal's
// own. All of it is one request, or one and what somebody tries to hide behind
// it.
var framing = []struct {
	name     string
	message  string
	statuses []int // of the only answer; nil: none is due, the request has not ended
	open     bool  // the connection may stay open: the framing is beyond doubt
}{
	// Two ways to say where the body ends.
	{"length and chunked", post("Content-Length: 6\r\nTransfer-Encoding: chunked") + "0\r\n\r\n" + hidden, []int{400}, false},
	{"chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5") + "0\r\n\r\n" + hidden, []int{400}, false},
	{"chunked and a length that is too short", post("Transfer-Encoding: chunked\r\nContent-Length: 1") + "3\r\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"two equal lengths", post("Content-Length: 3\r\nContent-Length: 3") + "a=1" + hidden, []int{400}, false},
	{"two lengths", post("Content-Length: 0\r\nContent-Length: 44") + hidden, []int{400}, false},
	{"two lengths in one line", post("Content-Length: 0, 44") + hidden, []int{400}, false},
	{"two lengths, another case", post("Content-Length: 0\r\ncontent-LENGTH: 44") + hidden, []int{400}, false},
	{"negative length", post("Content-Length: -1") + hidden, []int{400}, false},
	{"length with a plus", post("Content-Length: +3") + "a=1" + hidden, []int{400}, false},
	{"length in hexadecimal", post("Content-Length: 0x3") + "a=1" + hidden, []int{400}, false},
	{"length with an exponent", post("Content-Length: 1e1") + hidden, []int{400}, false},
	{"length with a fraction", post("Content-Length: 3.0") + "a=1" + hidden, []int{400}, false},
	{"length of 2^64", post("Content-Length: 18446744073709551616") + hidden, []int{400, 413}, false},
	{"length of 2^64 and 3", post("Content-Length: 18446744073709551619") + "a=1" + hidden, []int{400, 413}, false},
	{"length that is empty", post("Content-Length:") + hidden, []int{400}, false},
	{"length with a space inside", post("Content-Length: 4 4") + hidden, []int{400}, false},
	{"length in full-width digits", post("Content-Length: ３") + "a=1" + hidden, []int{400}, false},
	{"length with a space before the colon", post("Content-Length : 44") + hidden, []int{400}, false},
	{"length with NUL", post("Content-Length: 3\x00") + "a=1" + hidden, []int{400}, false},

	// Codings that two servers may read differently.
	{"chunked with a space before the colon", post("Transfer-Encoding : chunked") + chunked, []int{400}, false},
	{"chunked with a tab before the colon", post("Transfer-Encoding\t: chunked") + chunked, []int{400}, false},
	{"chunked, identity", post("Transfer-Encoding: chunked, identity") + chunked, []int{400, 501}, false},
	{"identity, chunked", post("Transfer-Encoding: identity, chunked") + chunked, []int{400, 501}, false},
	{"gzip, chunked", post("Transfer-Encoding: gzip, chunked") + chunked, []int{400, 501}, false},
	{"identity", post("Transfer-Encoding: identity\r\nContent-Length: 3") + "a=1" + hidden, []int{400, 501}, false},
	{"xchunked", post("Transfer-Encoding: xchunked") + chunked, []int{400, 501}, false},
	{"chunked in quotes", post(`Transfer-Encoding: "chunked"`) + chunked, []int{400, 501}, false},
	{"chunked behind a vertical tab", post("Transfer-Encoding: \x0bchunked") + chunked, []int{400, 501}, false},
	{"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked") + chunked, []int{400, 501}, false},
	{"chunked and then cow", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow") + chunked, []int{400, 501}, false},
	{"chunked on HTTP/1.0", strings.Replace(post("Transfer-Encoding: chunked"), "HTTP/1.1", "HTTP/1.0", 1) + chunked, []int{400, 501}, false},
	{"coding in a folded line", post("Transfer-Encoding:\r\n chunked") + chunked, []int{400, 501}, false},
	{"coding folded into another header", post("X: y\r\n Transfer-Encoding: chunked") + hidden, []int{400}, false},
	{"coding on a GET with a length", "GET /help HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, []int{400}, false},

	// Chunks.
	{"chunk size that is no number", post("Transfer-Encoding: chunked") + "zz\r\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"chunk size with 0x", post("Transfer-Encoding: chunked") + "0x3\r\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"chunk size with a sign", post("Transfer-Encoding: chunked") + "+3\r\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"negative chunk size", post("Transfer-Encoding: chunked") + "-3\r\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"chunk size of 2^64", post("Transfer-Encoding: chunked") + "10000000000000003\r\na=1\r\n0\r\n\r\n" + hidden, []int{400, 413}, false},
	{"chunk size that is empty", post("Transfer-Encoding: chunked") + "\r\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"chunk longer than its size", post("Transfer-Encoding: chunked") + "3\r\na=1XX\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"chunk without its line end", post("Transfer-Encoding: chunked") + "3\r\na=10\r\n\r\n" + hidden, []int{400}, false},
	{"chunk extension with a bare LF", post("Transfer-Encoding: chunked") + "3;x\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"chunk extension with a bare CR", post("Transfer-Encoding: chunked") + "3;x\ry\r\na=1\r\n0\r\n\r\n" + hidden, []int{400}, false},
	{"chunk lines that end in LF", post("Transfer-Encoding: chunked") + "3\na=1\n0\n\n" + hidden, []int{400}, false},
	{"trailer that names a length", post("Transfer-Encoding: chunked\r\nTrailer: Content-Length") + "3\r\na=1\r\n0\r\nContent-Length: 44\r\n\r\n", []int{400, 403}, true},

	// Lines and names.
	{"lines that end in LF", "GET /help HTTP/1.1\nHost: HOST\nX: y\n\n", nil, true},
	{"lines that end in LF, and then a whole one", "GET /help HTTP/1.1\nHost: HOST\nX: y\n\nGET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400}, false},
	{"LF inside a header", "GET /help HTTP/1.1\r\nHost: HOST\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []int{400}, false},
	{"LF in front of a coding", post("Content-Length: 3\nTransfer-Encoding: chunked") + "0\r\n\r\n" + hidden, []int{400}, false},
	{"bare CR in a header", "GET /help HTTP/1.1\r\nHost: HOST\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n", []int{400}, false},
	{"NUL in a value", "GET /help HTTP/1.1\r\nHost: HOST\r\nX: a\x00b\r\n\r\n", []int{400}, false},
	{"NUL in a name", "GET /help HTTP/1.1\r\nHost: HOST\r\nX\x00: b\r\n\r\n", []int{400}, false},
	{"line without a colon", "GET /help HTTP/1.1\r\nHost: HOST\r\nbroken\r\n\r\n", []int{400}, false},
	{"name that is empty", "GET /help HTTP/1.1\r\nHost: HOST\r\n: x\r\n\r\n", []int{400}, false},
	{"name with a space", "GET /help HTTP/1.1\r\nHost: HOST\r\nX Y: z\r\n\r\n", []int{400}, false},
	{"folded first header", "GET /help HTTP/1.1\r\n Host: HOST\r\n\r\n", []int{400, 421}, false},

	// Which site is meant.
	{"no Host", "GET /help HTTP/1.1\r\n\r\n", []int{400, 421}, false},
	{"no Host, HTTP/1.0", "GET /help HTTP/1.0\r\n\r\n", []int{400, 421}, false},
	{"empty Host", "GET /help HTTP/1.1\r\nHost:\r\n\r\n", []int{400, 421}, true},
	{"two Hosts", "GET /help HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n\r\n", []int{400}, false},
	{"two equal Hosts", "GET /help HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", []int{400}, false},
	{"another Host", "GET /help HTTP/1.1\r\nHost: evil.example\r\n\r\n", []int{421}, true},
	{"Host with a name in front", "GET /help HTTP/1.1\r\nHost: evil.example@HOST\r\n\r\n", []int{400, 421}, true},
	{"Host with a path", "GET /help HTTP/1.1\r\nHost: HOST/evil.example\r\n\r\n", []int{400, 421}, true},
	{"Host with another port", "GET /help HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", []int{421}, true},
	{"Host with two ports", "GET /help HTTP/1.1\r\nHost: HOST:80\r\n\r\n", []int{400, 421}, true},
	{"absolute address of another host", "GET http://evil.example/help HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 421}, true},
	{"absolute address in front of another Host", "GET http://HOST/help HTTP/1.1\r\nHost: evil.example\r\n\r\n", []int{400, 421}, true},
	{"address of two slashes", "GET //evil.example/help HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 404}, true},

	// The first line.
	{"CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", []int{400, 405, 421, 501}, true},
	{"CONNECT to the portal", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 405, 501}, true},
	{"TRACE", "TRACE /help HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{405, 501}, true},
	{"PUT", "PUT /help HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n", []int{405, 501}, true},
	{"DELETE", "DELETE /help HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{405, 501}, true},
	{"PATCH", "PATCH /help HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n", []int{405, 501}, true},
	{"OPTIONS", "OPTIONS /help HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{405, 501}, true},
	{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 405, 501}, true},
	{"PROPFIND", "PROPFIND /help HTTP/1.1\r\nHost: HOST\r\nDepth: 1\r\n\r\n", []int{405, 501}, true},
	{"PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400, 405, 421, 501, 505}, false},
	{"a method of small letters", "get /help HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 405, 501}, true},
	{"a method that nobody knows", "KOKOROE /help HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{405, 501}, true},
	{"method override", "GET /help HTTP/1.1\r\nHost: HOST\r\nX-HTTP-Method-Override: DELETE\r\n\r\n", []int{200}, true},
	{"no version", "GET /help\r\nHost: HOST\r\n\r\n", []int{400}, false},
	{"HTTP/9.9", "GET /help HTTP/9.9\r\nHost: HOST\r\n\r\n", []int{200, 400, 505}, true},
	{"a space in the address", "GET /he lp HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 404}, false},
	{"NUL in the address", "GET /he\x00lp HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 404}, true},
	{"raw bytes in the address", "GET /help\xff\xfe HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{400, 404}, true},
	{"a fragment in the address", "GET /help#/audit HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{200, 400, 404}, true},
	{"9,000 characters of address", "GET /help?" + strings.Repeat("x", 9000) + " HTTP/1.1\r\nHost: HOST\r\n\r\n", []int{414}, true},
	{"32 KB of header", "GET /help HTTP/1.1\r\nHost: HOST\r\nX: " + strings.Repeat("x", 32<<10) + "\r\n\r\n", []int{431}, false},
	{"4,000 headers", "GET /help HTTP/1.1\r\nHost: HOST\r\n" + strings.Repeat("X: y\r\n", 4000) + "\r\n", []int{431}, false},
	{"garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n", []int{400}, false},
	{"a body of 65 KB", post("Content-Length: 66560") + strings.Repeat("x", 66560), []int{413}, false},
	{"a body of 65 KB in chunks", post("Transfer-Encoding: chunked") + "10400\r\n" + strings.Repeat("x", 66560) + "\r\n0\r\n\r\n", []int{413}, false},
	{"a large body that waits to be asked", post("Expect: 100-continue\r\nContent-Length: 1000000"), []int{413, 417}, false},
	{"another expectation", post("Expect: a miracle\r\nContent-Length: 3") + "a=1", []int{403, 417}, true},
}

const (
	hidden  = "GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n"
	chunked = "3\r\na=1\r\n0\r\n\r\n" + hidden
)

// post is the beginning of a POST with some headers of its own.
func post(headers string) string {
	return "POST /language HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\n" + headers + "\r\n\r\n"
}

func TestFraming(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("cases", func(t *testing.T) {
		for _, c := range framing {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				answers, closed := speak(t, p, strings.ReplaceAll(c.message, "HOST", u.Host))
				if c.statuses == nil && len(answers) == 0 {
					return // it still waits for the end, and gives up in time
				}
				if len(answers) != 1 {
					t.Fatalf("%d answers, want one: %v", len(answers), statusesOf(answers))
				}
				a := answers[0]
				if !slices.Contains(c.statuses, a.StatusCode) {
					t.Errorf("answered %d, want one of %d", a.StatusCode, c.statuses)
				}
				if !c.open && !closed {
					t.Error("the connection stays open although nobody knows what comes next")
				}
				assertGuarded(t, "answer", a.Header)
				if strings.Contains(a.Text, "goroutine") || strings.Contains(a.Text, "fasthttp") {
					t.Errorf("the answer speaks of the program: %s", a.Text)
				}
				if a.StatusCode >= 400 && !strings.Contains(a.Text, "</html>") {
					t.Errorf("no page says what is wrong: %q", a.Text)
				}
			})
		}
	})
	t.Run("two honest requests are two answers", func(t *testing.T) {
		message := strings.ReplaceAll("GET /help HTTP/1.1\r\nHost: HOST\r\n\r\n"+hidden, "HOST", u.Host)
		answers, closed := speak(t, p, message)
		if len(answers) != 2 || answers[0].StatusCode != 200 || answers[1].Text != "ok\n" || closed {
			t.Errorf("%v, closed %t", statusesOf(answers), closed)
		}
	})
	t.Run("HEAD has no body", func(t *testing.T) {
		answers, _ := speak(t, p, strings.ReplaceAll("HEAD /help HTTP/1.1\r\nHost: HOST\r\n\r\n", "HOST", u.Host))
		if len(answers) != 1 || answers[0].StatusCode != 200 || answers[0].Text != "" {
			t.Errorf("%v", answers)
		}
	})
	p.Browser().Get("/help").Want(t, 200) // it still stands
}

func statusesOf(answers []rawAnswer) (out []int) {
	for _, a := range answers {
		out = append(out, a.StatusCode)
	}
	return out
}
