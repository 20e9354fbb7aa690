package jsonw_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

func TestFormsAgree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scalar, text, token, want string // want empty: both are refused
	}{
		{"Boolean", "t", "true", "true"},
		{"Boolean", "f", "false", "false"},
		{"Int", "-2147483648", "-2147483648", "-2147483648"},
		{"BigInt", "9223372036854775807", "9223372036854775807", `"9223372036854775807"`},
		{"BigInt", "9223372036854775807", `"9223372036854775807"`, `"9223372036854775807"`},
		{"Decimal", "12345678901234567890123456789012345678.0", "12345678901234567890123456789012345678.0", `"12345678901234567890123456789012345678.0"`},
		{"Decimal", "NaN", `"NaN"`, ""},
		{"Float", "1e+20", "1e+20", "1e+20"},
		{"Float", "Infinity", `"Infinity"`, ""},
		{"Float", "NaN", `"NaN"`, ""},
		{"String", "a\"\\\n\té😀", `"a\"\\\n\té😀"`, `"a\"\\\n\té😀"`},
		{"ID", "7", "7", `"7"`},
		{"Date", "2026-01-31", `"2026-01-31"`, `"2026-01-31"`},
		{"Date", "0044-03-15 BC", `"0044-03-15 BC"`, `"0044-03-15 BC"`},
		{"DateTime", "2026-01-31 13:45:00+00", `"2026-01-31T13:45:00+00:00"`, `"2026-01-31T13:45:00Z"`},
		{"DateTime", "2026-01-31 13:45:00.123456+00", `"2026-01-31T14:45:00.123456+01:00"`, `"2026-01-31T13:45:00.123456Z"`},
		{"DateTime", "10000-01-01 00:00:00+00", `"10000-01-01T00:00:00+00:00"`, `"10000-01-01T00:00:00Z"`},
		{"DateTime", "0044-03-15 00:00:00+00 BC", `"0044-03-15T00:00:00+00:00 BC"`, `"0044-03-15T00:00:00Z BC"`},
		{"DateTime", "infinity", `"infinity"`, `"infinity"`},
		{"LocalDateTime", "2026-01-31 13:45:00", `"2026-01-31T13:45:00"`, `"2026-01-31T13:45:00"`},
		{"Duration", "P1DT2H", `"P1DT2H"`, `"P1DT2H"`},
		{"Bytes", `\x00ff`, `"\\x00ff"`, `"AP8="`},
		{"Bytes", `\x`, `"\\x"`, `""`},
		{"JSON", `{"a": [1]}`, `{"a": [1]}`, `{"a": [1]}`},
	} {
		form := jsonw.FormOf(c.scalar)
		for kind, write := range map[string]func() ([]byte, error){
			"text": func() ([]byte, error) { return form.AppendText([]byte("x"), []byte(c.text)) },
			"JSON": func() ([]byte, error) { return form.AppendJSON([]byte("x"), []byte(c.token)) },
		} {
			got, err := write()
			switch {
			case c.want == "" && (err == nil || string(got) != "x"):
				t.Errorf("%s from %s: got %q, want a refusal that writes nothing", c.scalar, kind, got)
			case c.want != "" && (err != nil || string(got) != "x"+c.want):
				t.Errorf("%s from %s: got %q %v, want %s", c.scalar, kind, got, err, c.want)
			case c.want != "" && !json.Valid(got[1:]):
				t.Errorf("%s from %s: %s is not JSON", c.scalar, kind, got[1:])
			}
		}
	}
}

func TestDocumentsHoldOtherThanDeclared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scalar, token, want string }{
		{"Int", "5.0", "5"},
		{"Int", "5e3", "5000"},
		{"Int", `"7"`, "7"},
		{"Int", "3000000000", ""},
		{"Int", "5.5", ""},
		{"Int", "1e400", ""},
		{"Int", "true", ""},
		{"Int", `"x"`, ""},
		{"BigInt", "9007199254740993.0", `"9007199254740993"`},
		{"BigInt", "9223372036854775808", ""},
		{"Boolean", "1", ""},
		{"String", "5", `"5"`},
		{"String", "true", `"true"`},
		{"String", `{"a":1}`, ""},
		{"ID", "[1]", ""},
		{"Bytes", `"\\xzz"`, ""},
		{"Bytes", `"AP8="`, `"AP8="`},
	} {
		got, err := jsonw.FormOf(c.scalar).AppendJSON(nil, []byte(c.token))
		if (err != nil) != (c.want == "") || string(got) != c.want {
			t.Errorf("%s from %s: got %q %v, want %q", c.scalar, c.token, got, err, c.want)
		}
	}
}

func FuzzString(f *testing.F) {
	f.Add("plain")
	f.Add("a\"\\\x00\u2028é😀\xff\xc3(")
	f.Fuzz(func(t *testing.T, s string) {
		token := jsonw.AppendString(nil, s)
		var back string
		if err := json.Unmarshal(token, &back); err != nil {
			t.Fatalf("%q: %v", token, err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); !strings.Contains(s, "\xff") && len(back) < len(want) {
			t.Errorf("%q came back as %q", want, back)
		}
		if !bytes.Equal(jsonw.AppendString(nil, []byte(s)), token) {
			t.Error("bytes and string differ")
		}
		if got := string(jsonw.AppendUnquoted(nil, token)); got != back {
			t.Errorf("unquoted %q, want %q", got, back)
		}
	})
}

// Text is looked at eight bytes at a time: every byte, wherever in such a word it stands and whatever stands beside it, must be
// written as one that is looked at alone.
func TestEveryByteEverywhere(t *testing.T) {
	t.Parallel()
	alone := func(c byte) string {
		token := jsonw.AppendString(nil, []byte{c})
		return string(token[1 : len(token)-1])
	}
	for first := range 256 {
		for second := range 256 {
			if first >= utf8.RuneSelf && second >= utf8.RuneSelf {
				continue // together they may be one character
			}
			for at := range 9 {
				before, after := strings.Repeat("x", at), strings.Repeat("y", 9)
				text := before + string([]byte{byte(first), byte(second)}) + after
				want := `"` + before + alone(byte(first)) + alone(byte(second)) + after + `"`
				if got := string(jsonw.AppendString(nil, text)); got != want {
					t.Fatalf("%q was written as %s, want %s", text, got, want)
				}
				plain := at
				if len(alone(byte(first))) == 1 {
					plain++
					if len(alone(byte(second))) == 1 {
						plain += 1 + len(after)
					}
				}
				if got := jsonw.Plain([]byte(text)); got != plain {
					t.Fatalf("%q: the first %d bytes are plain, want %d", text, got, plain)
				}
			}
		}
	}
	for c := range 256 {
		var back string
		if err := json.Unmarshal([]byte(`"`+alone(byte(c))+`"`), &back); err != nil || back != strings.ToValidUTF8(string([]byte{byte(c)}), "\uFFFD") {
			t.Errorf("%q was written as %s, which reads %q, %v", byte(c), alone(byte(c)), back, err)
		}
	}
}

// walk rebuilds a value with a cursor.
func walk(cur *jsonw.Cursor) any {
	switch cur.Kind() {
	case '{':
		m := map[string]any{}
		for cur.Enter(); cur.More(); {
			key := string(jsonw.AppendUnquoted(nil, append(append([]byte{'"'}, cur.Key()...), '"')))
			m[key] = walk(cur)
		}
		return m
	case '[':
		l := []any{}
		for cur.Enter(); cur.More(); {
			l = append(l, walk(cur))
		}
		return l
	}
	var v any
	_ = json.Unmarshal(cur.Value(), &v)
	return v
}

// A string is stepped over eight bytes at a time: quotes and escapes must be seen wherever in
// such a word they stand, and what is behind the string must not be.
func TestStringsOfEveryLength(t *testing.T) {
	t.Parallel()
	for length := range 40 {
		for at := range length + 1 {
			for _, special := range []string{`\"`, `\\`, `\\\"`, `\\\\`, `\u00e9`, "é", "\x7f", "#", "]", "!\"", ""} {
				text := `"` + strings.Repeat("x", at) + special + strings.Repeat("y", length-at) + `"`
				if special == `!"` { // ends early
					text = text[:at+3]
				}
				for _, behind := range []string{"", `,"z"`, `]`, strings.Repeat(`"`, 9)} {
					cur := jsonw.At([]byte(text + behind))
					if got := string(cur.Value()); got != text {
						t.Fatalf("%s: took %s", text+behind, got)
					}
				}
				cur := jsonw.At([]byte(`[{"k":` + text + `}, 1]`))
				cur.Enter()
				if got := string(cur.Value()); got != `{"k":`+text+`}` {
					t.Fatalf("%s in an object: took %s", text, got)
				}
			}
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(`{"a": [1, 2.5e3, {"b\"": null}], "c": "\u00e9\ud83d\ude00", "d": true}`)
	f.Add(`[[],{},"",-0]`)
	f.Add(`{"a":`)
	f.Fuzz(func(t *testing.T, s string) {
		cur := jsonw.At([]byte(s))
		got := walk(&cur) // must end, and must not read past the end, whatever s is
		var want any
		if err := json.Unmarshal([]byte(s), &want); err != nil {
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", s, got, want)
		}
		skip := jsonw.At([]byte(s))
		if token := skip.Value(); !bytes.Equal(token, bytes.TrimSpace([]byte(s))) {
			t.Errorf("%s: the whole value is %s", s, token)
		}
	})
}

// TestValueTakesAString: it ends at the first quote that no backslash escapes, wherever words of eight bytes begin, and at the end
// of the text when there is none.
func TestValueTakesAString(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{`"`, `\`, `\\`, `\"`, "a", "words in a row, and more of them", "é"}), 0, 12).Draw(t, "parts")
		text := `"` + strings.Join(parts, "")
		want := len(text)
		for i := 1; i < len(text); i++ {
			if text[i] == '\\' {
				i++
			} else if text[i] == '"' {
				want = i + 1
				break
			}
		}
		c := jsonw.At([]byte(text))
		if got := c.Value(); string(got) != text[:want] {
			t.Fatalf("%s: %s, want %s", text, got, text[:want])
		}
	})
}
