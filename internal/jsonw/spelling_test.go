package jsonw_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// Documents spell values in ways of their own; the answer has the spelling of a column.
func TestSpellingsBecomeOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scalar, token, want string }{
		{"Float", "1.50", "1.5"},
		{"Float", "1.0", "1"},
		{"Float", "-0", "0"},
		{"Float", "-0.0", "0"},
		{"Float", "1000000000000000", "1e+15"},
		{"Float", "999999999999999", "999999999999999"},
		{"Float", "0.00001", "1e-05"},
		{"Float", "0.0001", "0.0001"},
		{"Float", "0.0000", "0"},
		{"Float", "1e2", "100"},
		{"Float", "0.1000000000000000055511151231257827", "0.1"},
		{"Float", `"2.50"`, "2.5"},
		{"Float", "1e400", ""},
		{"Decimal", "1.50", `"1.50"`},
		{"Decimal", "1e3", `"1000"`},
		{"Decimal", "1.5e3", `"1500"`},
		{"Decimal", "-1.25E+1", `"-12.5"`},
		{"Decimal", "1e-3", `"0.001"`},
		{"Decimal", "12e-1", `"1.2"`},
		{"Decimal", "0e5", `"0"`},
		{"Decimal", "0.05e1", `"0.5"`},
		{"Decimal", "1e999999999", `"1e999999999"`},
		{"Duration", `"1 year 2 mons 3 days 04:05:06.7"`, `"P1Y2M3DT4H5M6.7S"`},
		{"Duration", `"-1 days +02:03:04"`, `"P-1DT2H3M4S"`},
		{"Duration", `"-00:00:03.5"`, `"PT-3.5S"`},
		{"Duration", `"00:00:00"`, `"PT0S"`},
		{"Duration", `"-1 years -2 mons"`, `"P-1Y-2M"`},
		{"Duration", `"1 day"`, `"P1D"`},
		{"Duration", `"P1DT2H"`, `"P1DT2H"`},
		{"Duration", `"soon"`, `"soon"`},
		{"Duration", `"1 fortnight"`, `"1 fortnight"`},
		{"Duration", `"1:2"`, `"1:2"`},
		{"Duration", `""`, `""`},
		{"DateTime", `"2026-01-31 13:45:00+00"`, `"2026-01-31T13:45:00Z"`},
		{"DateTime", `"2026-01-31T13:45:00.500Z"`, `"2026-01-31T13:45:00.5Z"`},
		{"DateTime", `"2026-01-31T13:45:00.000+00:00"`, `"2026-01-31T13:45:00Z"`},
		{"DateTime", `"2026-01-01T00:30:00+05:30"`, `"2025-12-31T19:00:00Z"`},
		{"DateTime", `"10000-01-01T00:30:00+05:30"`, `"9999-12-31T19:00:00Z"`},
		{"DateTime", `"0044-03-15T05:53:28+05:53:28 BC"`, `"0044-03-15T00:00:00Z BC"`},
		{"DateTime", `"0001-01-01T00:00:00+01:00"`, `"0001-12-31T23:00:00Z BC"`},
		{"DateTime", `"yesterday"`, `"yesterday"`},
		{"LocalDateTime", `"2026-01-31 13:45:00"`, `"2026-01-31T13:45:00"`},
		{"LocalDateTime", `"0044-03-15T12:00:00 BC"`, `"0044-03-15T12:00:00 BC"`},
		{"String", `"\u00e9\/\u001f\b"`, `"é/\u001f\b"`},
		{"String", `"\ud83d\ude00 \\u0041"`, `"😀 \\u0041"`},
	} {
		got, err := jsonw.FormOf(c.scalar).AppendJSON(nil, []byte(c.token))
		if (err != nil) != (c.want == "") || string(got) != c.want {
			t.Errorf("%s %s: got %s %v, want %s", c.scalar, c.token, got, err, c.want)
		}
	}
}

// A form is its own spelling: what was written once is not changed by writing it again.
func TestSpellingsAreStable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	float, instant := jsonw.FormOf("Float"), jsonw.FormOf("DateTime")
	for range 20_000 {
		f := math.Float64frombits(random.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		once, err := float.AppendJSON(nil, strconv.AppendFloat(nil, f, 'e', -1, 64))
		if err != nil {
			t.Fatal(err)
		}
		twice, err := float.AppendJSON(nil, once)
		back, _ := strconv.ParseFloat(string(once), 64)
		if err != nil || string(twice) != string(once) || back != f {
			t.Fatalf("%v: %s, then %s %v", f, once, twice, err)
		}
		at := time.Unix(random.Int64N(1e13)-7e10, random.Int64N(1e6)*1000).UTC()
		text := []byte(`"` + at.Format("2006-01-02T15:04:05.999999Z07:00") + `"`)
		if got, err := instant.AppendJSON(nil, text); err != nil || at.Year() > 0 && string(got) != string(text) {
			t.Fatalf("%s: got %s %v", text, got, err)
		}
	}
}

func TestMomentsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "2026", "2026-01", "2026-1-1", "2026-02-30", "2026-00-01", "0000-01-01", "02026-01-01", "999-01-01", "12345678-01-01", "2026-01-01T", "2026-01-01T10", "2026-01-01T10:00",
		"2026-01-01T24:00:00", "2026-01-01T10:60:00", "2026-01-01T10:00:60", "2026-01-01T10:00:00.", "2026-01-01T10:00:00+1", "2026-01-01T10:00:00+16:00", "2026-01-01T10:00:00+01:60",
		"2026-01-01T10:00:00Zx", "2026-01-01Z", "2026-01-01 BC x", "x026-01-01", "2026/01/01", "-2026-01-01",
	} {
		if m, ok := jsonw.ReadMoment([]byte(text)); ok {
			t.Errorf("%q is read as %v", text, m)
		}
	}
}
