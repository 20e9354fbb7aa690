package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/coding"
)

// maxTagged is the largest answer that is held back to get a tag: what a page of rows comes to, and far more. A larger one
// is streamed, without a tag.
const maxTagged = 4 << 20

// personal is the Cache-Control of answers that may depend on who asks: the client alone keeps them, and asks each time
// whether they still hold.
const personal = "private, no-cache"

// cacheable decides, for a GET whose sender is known, what a good answer to it tells caches. Every other answer says
// no-store, as the header does until then.
func (x *exchange) cacheable(known bool) {
	if x.r.Method != http.MethodGet || x.h.neverStore {
		return
	}
	x.tagged, x.shared = true, !known && !x.h.o.Personal
}

// validate gives the answer its tag and tells caches how long it holds. It gives true when the client has it already,
// which was the answer then.
func (a *answer) validate(body []byte) (known bool) {
	header := a.w.Header()
	c := a.coding
	if len(body) < coding.MinBytes {
		c = coding.Identity
	}
	tag := coding.Tag(a.tag(body), c)
	header["Etag"] = []string{tag}
	header["Cache-Control"] = a.x.h.personal
	if a.x.shared && a.x.h.o.CacheControl != "" {
		header["Cache-Control"] = a.x.h.cacheControl
	}
	if !coding.Matches(a.x.r.Header["If-None-Match"], tag) {
		return false
	}
	a.holds = false
	a.empty(http.StatusNotModified)
	a.flush()
	return true
}

// tag makes a strong tag: of the text, and of the media type, whose representations are not the same. Field order and
// spelling of the answer are the document's, so one state of the data has one text.
func (a *answer) tag(body []byte) string {
	sum := sha256.New()
	_, _ = sum.Write([]byte{byte(a.x.media)})
	_, _ = sum.Write(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16]) + `"`
}

// CheckCacheControl refuses what is no list of directives; the empty text stands for the default.
// Source: RFC 9111, section 5.2.
func CheckCacheControl(value string) error {
	if value == "" {
		return nil
	}
	for directive := range strings.SplitSeq(value, ",") {
		directive = strings.TrimSpace(directive)
		name, argument, _ := strings.Cut(directive, "=")
		if name == "" || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz-") != "" || strings.ContainsFunc(argument, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("();<>@:\\/[]?{}", r) }) {
			return fmt.Errorf("%q has %q, which is not a directive: write such as \"public, max-age=60\"", value, directive)
		}
	}
	return nil
}

// hasDirective tells whether a Cache-Control has a directive.
func hasDirective(value, name string) bool {
	for directive := range strings.SplitSeq(value, ",") {
		if strings.EqualFold(strings.TrimSpace(directive), name) {
			return true
		}
	}
	return false
}
