package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

const (
	// exportDeadline is how long a file of everybody may take: it is written while
	// it is read, and a slow line takes its time.
	exportDeadline = 5 * time.Minute
	exportsRoute   = "/exports/"

	streamBuffer = 64 << 10
)

// writeLimit lets what is under exportsRoute take longer than a page.
func writeLimit(header *fasthttp.RequestHeader) time.Duration {
	if strings.HasPrefix(string(header.RequestURI()), exportsRoute) {
		return exportDeadline
	}
	return 0 // the server's own
}

// stream answers with what write writes, while it is being written, and calls
// done when that is over. What goes wrong before the first bytes is an error as
// any other; after them, the connection breaks off, so that nobody takes a part
// for the whole. write runs beside the handler and after it: it may use nothing
// of the request.
func (s *Server) stream(x *exchange, done context.CancelFunc, write func(w io.Writer) error) error {
	reader, writer := io.Pipe()
	request := x.id
	go func() {
		defer done()
		err := written(writer, write)
		if err != nil && !errors.Is(err, io.ErrClosedPipe) { // the reader has not just gone
			s.cfg.Logger.Error("a file breaks off", "request", request, "cause", err.Error())
		}
		_ = writer.CloseWithError(err) // without an error it is the end
	}()
	body := bufio.NewReaderSize(reader, streamBuffer)
	if _, err := body.Peek(1); err != nil && !errors.Is(err, io.EOF) {
		x.c.Response().Header.Del(fiber.HeaderContentDisposition)
		return err
	}
	x.c.Context().SetBodyStream(struct {
		io.Reader
		io.Closer // ends the writing when the reader is gone
	}{body, reader}, -1)
	return nil
}

// written writes through a buffer, and makes an error of a panic.
func written(to io.Writer, write func(w io.Writer) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	buffered := bufio.NewWriterSize(to, streamBuffer)
	if err := write(buffered); err != nil {
		return err
	}
	return buffered.Flush()
}
