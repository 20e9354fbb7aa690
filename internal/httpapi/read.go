package httpapi

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// errTooLarge says that a body is larger than the limit.
var errTooLarge = errors.New("the body is larger than the limit")

// read makes the GraphQL request out of the HTTP request. Without success the answer was sent.
func (x *exchange) read() bool {
	if x.r.Method == http.MethodGet {
		return x.readURL()
	}
	header := x.out.w.Header()
	if e := checkContentType(x.r.Header["Content-Type"]); e != nil {
		x.refuse(e)
		return false
	}
	if encoding := x.r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		x.refuse(fault.New(fault.UnsupportedMediaType, "the Content-Encoding %q is not understood: send the body uncompressed", encoding))
		return false
	}

	x.body, _ = x.h.bodies.Get().(*[]byte)
	body, err := readBody(x.r.Body, x.r.ContentLength, x.h.o.MaxBodyBytes, (*x.body)[:0])
	*x.body = body
	switch {
	case errors.Is(err, errTooLarge):
		header["Connection"] = x.h.close // or net/http would read the rest
		x.refuse(fault.New(fault.RequestTooLarge, "the body is larger than %d bytes: send less, or have --max-body-bytes raised", x.h.o.MaxBodyBytes))
		return false
	case errors.Is(err, os.ErrDeadlineExceeded):
		header["Connection"] = x.h.close
		x.refuse(fault.New(fault.RequestTimeout, "the body did not come within %v: send it faster, or have --body-timeout raised", x.h.o.BodyTimeout))
		return false
	case err != nil:
		header["Connection"] = x.h.close
		x.refuse(fault.Wrap(err, fault.BadUserInput, "the body could not be read to its end"))
		return false
	}
	x.unlimitBody()
	wrong, at := readEnvelope(body, &x.request)
	if wrong != nil {
		x.fail(fault.List{wrong}, at)
		return false
	}
	return true
}

// limitBody gives a body its time, from now to its last byte, so that one that trickles ends. It also holds for a body that
// is not read here: net/http reads it, before it sends the answer or after.
func (x *exchange) limitBody() {
	limit := x.h.o.BodyTimeout
	if limit < 0 || x.r.ContentLength == 0 {
		return
	}
	if s := x.server; s != nil && s.ReadTimeout > 0 && s.ReadTimeout < limit {
		return // the server's own limit is the stricter one
	}
	x.reading = x.out.rc.SetReadDeadline(time.Now().Add(limit)) == nil
}

// unlimitBody takes the deadline away from a body that was read to its end: on its connection net/http now watches whether
// the client leaves.
func (x *exchange) unlimitBody() {
	if x.reading {
		_ = x.out.rc.SetReadDeadline(time.Time{}) // it fails on a closed connection only
	}
}

// readBody appends the body to buf, which grows as bytes come, not as a header promises.
func readBody(r io.Reader, announced, limit int64, buf []byte) ([]byte, error) {
	if limit >= 0 && announced > limit {
		return buf, errTooLarge
	}
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(len(buf), 1024))
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if limit >= 0 && int64(len(buf)) > limit {
			return buf, errTooLarge
		}
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// readURL reads a GET request: each parameter a text, variables and extensions JSON in a text. An empty parameter is as
// good as none, except query.
func (x *exchange) readURL() bool {
	values, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		x.refuse(fault.Wrap(err, fault.BadUserInput, "the URL's query component is malformed: percent-encode the parameters"))
		return false
	}
	for _, name := range []string{"query", "documentId", "operationName", "variables", "extensions"} {
		if len(values[name]) > 1 {
			x.refuse(fault.New(fault.BadUserInput, "the parameter %q stands in the URL more than once: send it once", name))
			return false
		}
		if !utf8.ValidString(values.Get(name)) {
			x.refuse(fault.New(fault.BadUserInput, "the parameter %q is not UTF-8", name))
			return false
		}
	}
	x.request = gqlop.Request{
		Query:         values.Get("query"),
		DocumentID:    values.Get("documentId"),
		OperationName: values.Get("operationName"),
		QueriesOnly:   true,
	}
	for _, parameter := range []struct {
		name string
		to   *rawJSON
	}{{"variables", &x.request.Variables}, {"extensions", &x.request.Extensions}} {
		text := values.Get(parameter.name)
		if text == "" {
			continue
		}
		raw, wrong, at := readParameter(parameter.name, text)
		if wrong != nil {
			x.fail(fault.List{wrong}, at)
			return false
		}
		*parameter.to = raw
	}
	if wrong := readPersisted(&x.request); wrong != nil {
		x.fail(fault.List{wrong}, atEnvelope)
		return false
	}
	if !values.Has("query") && x.request.DocumentID == "" {
		x.fail(fault.List{fault.New(fault.BadUserInput, `the parameter "query" is missing: send the document in it`)}, atEnvelope)
		return false
	}
	return true
}
