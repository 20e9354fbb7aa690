package coding

import (
	"bytes"
	"net/http"
	"strconv"
)

// Handler encodes the pages of a handler that answers GET and HEAD with short texts, which it holds in memory: those with
// status 200 of MinBytes and more. Their ETag becomes that of the coding, and If-None-Match is compared with it.
func (c *Coder) Handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := Negotiate(r.Header["Accept-Encoding"])
		if r.Method != http.MethodGet {
			k = Identity // a HEAD's length would be that of no answer
		}
		asked := r.Header["If-None-Match"]
		if asked != nil { // which tag it means is known when the page's length is
			r = r.Clone(r.Context())
			r.Header.Del("If-None-Match")
		}
		page := page{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(&page, r)
		page.send(c, k, asked)
	})
}

// page holds an answer back.
type page struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (p *page) WriteHeader(status int)         { p.status = status }
func (p *page) Write(text []byte) (int, error) { return p.body.Write(text) }

func (p *page) send(c *Coder, k Coding, asked []string) {
	header, body := p.Header(), p.body.Bytes()
	if p.status == http.StatusOK {
		header.Add("Vary", "Accept-Encoding")
		if len(body) < MinBytes || header.Get("Content-Encoding") != "" {
			k = Identity
		}
		if tag := header.Get("ETag"); tag != "" {
			tag = Tag(tag, k)
			header.Set("ETag", tag)
			if Matches(asked, tag) {
				header.Del("Content-Length")
				header.Del("Content-Type")
				p.ResponseWriter.WriteHeader(http.StatusNotModified)
				return
			}
		}
		if k != Identity {
			body = c.Append(make([]byte, 0, len(body)/2), body, k)
			header.Set("Content-Encoding", k.String())
			header.Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	p.ResponseWriter.WriteHeader(p.status)
	_, _ = p.ResponseWriter.Write(body) // a client that left needs no answer
}
