package web

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kokoroe/app/evidence"
)

// One form has a file: that of the page that verifies receipts. Only its route
// may be sent more than forms need, and a form with parts.
const (
	verifyRoute   = "/verify"
	maxUpload     = evidence.MaxReceipt + maxBody // bytes; a receipt that is too large by a little is told so in words
	maxUploadPart = 1 << 10                       // bytes of a part that is no file
	maxParts      = 8
)

// limits says how large a body may be, before any of it is read, and how long the
// answer may take.
func limits(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	config := fasthttp.RequestConfig{WriteTimeout: writeLimit(header)}
	if header.IsPost() && string(header.RequestURI()) == verifyRoute {
		config.MaxRequestBodySize = maxUpload
	}
	return config // what is zero is the server's own
}

// takesForm reports whether a route takes a form of that media type.
func takesForm(path, mediaType string) bool {
	return mediaType == fiber.MIMEApplicationForm || path == verifyRoute && mediaType == fiber.MIMEMultipartForm
}

// upload is a form with parts.
type upload struct {
	values map[string]string // the first of each name
	file   []byte            // the first part that is a file
	name   string            // of the file, as the browser says; "" when none was chosen
}

// upload reads a form with parts (RFC 7578), once. What is malformed or too
// much ends it: what was read so far is the form, and a file that ends in the
// middle does not verify.
func (x *exchange) upload() upload {
	if x.parts != nil {
		return *x.parts
	}
	if x.c.Path() != verifyRoute {
		return upload{}
	}
	x.parts = &upload{values: map[string]string{}}
	mediaType, params, err := mime.ParseMediaType(string(x.c.Request().Header.ContentType()))
	if err != nil || mediaType != fiber.MIMEMultipartForm || params["boundary"] == "" {
		return *x.parts
	}
	reader := multipart.NewReader(bytes.NewReader(x.c.Request().Body()), params["boundary"])
	for range maxParts {
		part, err := reader.NextPart()
		if err != nil {
			break
		}
		if !x.parts.take(part) {
			break
		}
	}
	return *x.parts
}

// take keeps a part, and reports whether it was read to its end.
func (u *upload) take(part *multipart.Part) bool {
	if part.FileName() != "" && u.file == nil {
		content, err := io.ReadAll(io.LimitReader(part, maxUpload))
		u.file, u.name = content, part.FileName()
		return err == nil
	}
	content, err := io.ReadAll(io.LimitReader(part, maxUploadPart))
	if _, again := u.values[part.FormName()]; !again && part.FileName() == "" {
		u.values[part.FormName()] = string(content)
	}
	return err == nil
}
