package httpapi

import (
	"mime"
	"strconv"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// media is a media type of answers.
type media uint8

const (
	mediaJSON media = iota
	mediaGraphQL
)

// negotiate chooses the media type of the answer by the Accept headers: the higher quality, then the type that is
// named more exactly. Where both are named alike it is application/graphql-response+json, whose statuses say more; where
// neither is named (no header, */*, application/*) it is application/json, which every client reads. Without an
// acceptable type the answer that says so is application/json.
// Source: RFC 9110, section 12.5.1.
func negotiate(accept []string) (chosen media, ok bool) {
	var best [2]struct {
		quality   float32
		exactness int
	}
	named := false
	for _, list := range accept {
		for list != "" {
			var element string
			element, list = cutOutsideQuotes(list, ',')
			element, params := cutOutsideQuotes(element, ';')
			element = strings.TrimSpace(element)
			if element == "" {
				continue
			}
			named = true
			quality, fits := quality(params)
			if !fits {
				continue
			}
			consider := func(m media, exactness int) {
				if exactness > best[m].exactness {
					best[m].quality, best[m].exactness = quality, exactness
				} else if exactness == best[m].exactness {
					best[m].quality = max(best[m].quality, quality)
				}
			}
			switch {
			case strings.EqualFold(element, "application/json"):
				consider(mediaJSON, 3)
			case strings.EqualFold(element, "application/graphql-response+json"):
				consider(mediaGraphQL, 3)
			case strings.EqualFold(element, "application/*"):
				consider(mediaJSON, 2)
				consider(mediaGraphQL, 2)
			case element == "*/*":
				consider(mediaJSON, 1)
				consider(mediaGraphQL, 1)
			}
		}
	}
	if !named {
		return mediaJSON, true
	}
	j, g := best[mediaJSON], best[mediaGraphQL]
	switch {
	case j.quality == 0 && g.quality == 0:
		return mediaJSON, false
	case g.quality != j.quality:
		if g.quality > j.quality {
			return mediaGraphQL, true
		}
		return mediaJSON, true
	case g.exactness > j.exactness, g.exactness == 3 && j.exactness == 3:
		return mediaGraphQL, true
	}
	return mediaJSON, true
}

// quality reads the parameters of an element of Accept. It does not fit when it asks for an encoding other than UTF-8 or
// its quality is no number.
func quality(params string) (q float32, fits bool) {
	q = 1
	for params != "" {
		var param string
		param, params = cutOutsideQuotes(params, ';')
		name, value, _ := strings.Cut(param, "=")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"`)
		switch {
		case strings.EqualFold(name, "q"):
			f, err := strconv.ParseFloat(value, 32)
			if err != nil || !(f >= 0 && f <= 1) { // the negation refuses NaN
				return 0, false
			}
			q = float32(f)
		case strings.EqualFold(name, "charset") && !strings.EqualFold(value, "utf-8") && value != "*":
			return 0, false
		}
	}
	return q, true
}

// cutOutsideQuotes cuts s at the first separator that stands in no quoted text.
func cutOutsideQuotes(s string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// checkContentType refuses a body that is not JSON in UTF-8. Parameters other than charset are tolerated.
func checkContentType(values []string) *fault.Error {
	if len(values) == 0 {
		return fault.New(fault.UnsupportedMediaType, "the request has no Content-Type: send application/json")
	}
	if len(values) > 1 {
		return fault.New(fault.UnsupportedMediaType, "the request has several Content-Type headers: send application/json once")
	}
	switch values[0] {
	case "application/json", "application/json; charset=utf-8", "application/json;charset=utf-8":
		return nil
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if kind != "application/json" || err != nil {
		return fault.New(fault.UnsupportedMediaType, "the Content-Type %q is not understood: send application/json", values[0])
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return fault.New(fault.UnsupportedMediaType, "the charset %q is not understood: send application/json in UTF-8", charset)
	}
	return nil
}
