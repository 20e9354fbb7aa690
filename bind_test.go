package fraiseql_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

// everything has a field of each kind.
type everything struct {
	ID     fraiseql.ID
	B      bool
	I      int
	I8     int8
	U16    uint16
	Big    int64
	U32    uint32
	F      float64
	F32    float32
	S      string
	Dec    fraiseql.Decimal
	UUID   fraiseql.UUID
	Raw16  [16]byte
	Date   fraiseql.Date
	Clock  fraiseql.TimeOfDay
	At     time.Time
	Local  fraiseql.LocalDateTime
	Took   time.Duration
	Span   fraiseql.Interval
	JSON   json.RawMessage
	Map    map[string]any
	Any    any
	Bytes  []byte
	IP     netip.Addr
	OldIP  net.IP
	Net    netip.Prefix
	Mac    net.HardwareAddr
	Path   fraiseql.LTreePath
	Status status
	List   []int
	Null   *string
	Ptr    *int64
	Deep   struct{ Smtp1ServerName string }
}

// asPostgres is one row as row_to_json writes it; asGraphQL is what a resolver's value is
// written as.
const (
	asPostgres = `{"id":7,"b":true,"i":-5,"i8":8,"u16":16,"big":9223372036854775807,"u32":4294967295,"f":1.5,"f32":0.25,"s":"a\"\\\n\u00e9\ud83d\ude00",
"dec":12345678901234567890.123456789012345678,"uuid":"00000000-0000-0000-0000-000000000001","raw16":"000102030405060708090a0b0c0d0e0f","date":"2026-01-31","clock":"13:45:00",
"at":"2026-01-31T14:45:00.123456+01:00","local":"2026-01-31T13:45:00","took":"P1DT2H30M5.5S","span":"P1Y2M","json":{"a": 1},"map":{"n":9223372036854775807},"any":[1.10],
"bytes":"\\x00ff","ip":"::1","old_ip":"192.0.2.1","net":"10.0.0.0/8","mac":"08:00:2b:01:02:03","path":"top.a","status":"put away","list":[1,2],"null":null,"ptr":5,"deep":{"smtp_1_server_name":"x"},"unknown":[{}]}`
	asGraphQL = `{"id":"7","b":true,"i":-5,"i8":8,"u16":16,"big":9223372036854775807,"u32":4294967295,"f":1.5,"f32":0.25,"s":"a\"\\\né😀",` +
		`"dec":12345678901234567890.123456789012345678,"uuid":"00000000-0000-0000-0000-000000000001","raw16":"00010203-0405-0607-0809-0a0b0c0d0e0f","date":"2026-01-31","clock":"13:45:00",` +
		`"at":"2026-01-31T13:45:00.123456Z","local":"2026-01-31T13:45:00","took":"PT26H30M5.5S","span":"P1Y2M","json":{"a": 1},"map":{"n":9223372036854775807},"any":[1.10],` +
		`"bytes":"AP8=","ip":"::1","oldIp":"192.0.2.1","net":"10.0.0.0/8","mac":"08:00:2b:01:02:03","path":"top.a","status":"ARCHIVED","list":[1,2],"null":null,"ptr":5,"deep":{"smtp1ServerName":"x"}}`
)

// One row goes in as PostgreSQL writes it, through Go, and comes out as GraphQL.
func TestValuesSurvive(t *testing.T) {
	t.Parallel()
	var got []everything
	d := declared(t, fraiseql.Options{Types: append(
		blogTypes(),
		fraiseql.Object[everything]("v"),
		fraiseql.Field("copy", func(_ context.Context, p []everything) ([]everything, error) { got = p; return p, nil }),
	)})
	out, err := d.Batches[0].Batch.Resolve(t.Context(), []json.RawMessage{[]byte(asPostgres), out2(t, asPostgres)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		if string(out[i]) != asGraphQL {
			t.Errorf("parent %d: got\n%s\nwant\n%s", i, out[i], asGraphQL)
		}
	}
	if got[0].Took != 26*time.Hour+30*time.Minute+5500*time.Millisecond || got[0].Map["n"] != json.Number("9223372036854775807") || got[0].Null != nil {
		t.Errorf("got %+v", got[0])
	}
	if !reflect.DeepEqual(got[0], got[1]) {
		t.Error("compact JSON was read in another way")
	}
}

func out2(t *testing.T, text string) json.RawMessage {
	t.Helper()
	var compact strings.Builder
	for line := range strings.Lines(text) {
		compact.WriteString(strings.TrimSuffix(line, "\n"))
	}
	return json.RawMessage(compact.String())
}

func TestBatchFaults(t *testing.T) {
	t.Parallel()
	resolve := func(f func(context.Context, []address) ([]string, error)) error {
		d := declared(t, fraiseql.Options{Types: []fraiseql.Type{fraiseql.Object[address]("v"), fraiseql.Field("x", f)}})
		_, err := d.Batches[0].Batch.Resolve(t.Context(), []json.RawMessage{[]byte(`{"street":"A","city":"B"}`), []byte(`{"street":null}`)})
		return err
	}
	if err := resolve(func(context.Context, []address) ([]string, error) { return nil, nil }); err == nil ||
		!strings.Contains(err.Error(), "parent 1: address.Street: it is null") || !strings.Contains(err.Error(), "make it a pointer") {
		t.Errorf("null in a field without a pointer: %v", err)
	}
	short := declared(t, fraiseql.Options{Types: []fraiseql.Type{
		fraiseql.Object[address]("v"),
		fraiseql.Field("x", func(context.Context, []address) ([]string, error) { return nil, nil }),
	}})
	if _, err := short.Batches[0].Batch.Resolve(t.Context(), []json.RawMessage{[]byte(`{}`)}); err == nil || !strings.Contains(err.Error(), "gave 0 values for 1 parents") {
		t.Errorf("too few values: %v", err)
	}
}

type nest struct {
	Kids []nest
	N    int
}

func resolved[R any](t *testing.T, f func() (R, error)) (schema.Result, error) {
	t.Helper()
	d := declared(t, fraiseql.Options{MaxPage: 1000, Types: blogTypes(), Queries: []fraiseql.Query{
		fraiseql.Resolve("q", func(context.Context, struct{}) (R, error) { return f() }),
	}})
	return d.Queries[0].Resolver(t.Context(), nil)
}

func TestResultFaults(t *testing.T) {
	t.Parallel()
	loop := nest{Kids: make([]nest, 1)}
	loop.Kids[0] = loop
	for name, c := range map[string]struct {
		run  func() (schema.Result, error)
		want string
	}{
		"an Int of 33 bits": {func() (schema.Result, error) {
			return resolved(t, func() (nest, error) { return nest{N: 1 << 32}, nil })
		}, "nest.N: 4294967296 does not fit Int"},
		"itself inside": {func() (schema.Result, error) {
			return resolved(t, func() (nest, error) { return loop, nil })
		}, "does it contain itself?"},
		"not a number": {func() (schema.Result, error) {
			return resolved(t, func() (fraiseql.Decimal, error) { return "NaN", nil })
		}, `"NaN" is not a decimal number`},
		"no value of the enum": {func() (schema.Result, error) {
			return resolved(t, func() ([]status, error) { return []status{active, "gone"}, nil })
		}, `[1]: "gone" is no value of the enum status`},
		"invalid JSON": {func() (schema.Result, error) {
			return resolved(t, func() (json.RawMessage, error) { return json.RawMessage("{"), nil })
		}, "is not JSON"},
		"no address": {func() (schema.Result, error) {
			return resolved(t, func() (netip.Addr, error) { return netip.Addr{}, nil })
		}, "the address is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r, err := c.run(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %s, %v; want %s", r.JSON, err, c.want)
			}
		})
	}
}

func TestArgumentsTellAbsentFromNull(t *testing.T) {
	t.Parallel()
	type in struct {
		Name  fraiseql.Optional[string]
		Count fraiseql.Optional[int64]
		Since fraiseql.Optional[time.Time]
		Tags  *[]string
		Sub   struct{ Status status }
	}
	var got in
	d := declared(t, fraiseql.Options{Types: blogTypes(), Queries: []fraiseql.Query{
		fraiseql.Resolve("q", func(_ context.Context, a in) (bool, error) { got = a; return true, nil }),
	}})
	r, err := d.Queries[0].Resolver(t.Context(), json.RawMessage(`{"name":null,"count":"9223372036854775807","sub":{"status":"ARCHIVED"}}`))
	if err != nil || string(r.JSON) != "true" {
		t.Fatalf("%s, %v", r.JSON, err)
	}
	want := in{Name: fraiseql.Optional[string]{Set: true, Null: true}, Count: fraiseql.Optional[int64]{Set: true, Value: 1<<63 - 1}}
	want.Sub.Status = archived
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := d.Queries[0].Resolver(t.Context(), json.RawMessage(`{"sub":{"status":5}}`)); err == nil || !strings.Contains(err.Error(), "Status: 5 is no value of the enum") {
		t.Errorf("got %v", err)
	}
}

func TestRowsDescribed(t *testing.T) {
	t.Parallel()
	base := fraiseql.From[post]("v_post").Where(fraiseql.Where{"votes": fraiseql.Where{"gt": int64(1) << 60}})
	for name, c := range map[string]struct {
		rows *fraiseql.Rows[post]
		want schema.Result
		err  string
	}{
		"all of it": {
			base.OrderBy(fraiseql.Order{"votes": "DESC"}, fraiseql.Order{"id": "ASC"}).Limit(5).Offset(10),
			schema.Result{Rows: &schema.Rows{
				Type: "Post", Source: "v_post", Limit: 5, Offset: 10,
				Where: json.RawMessage(`{"votes":{"gt":1152921504606846976}}`), OrderBy: json.RawMessage(`[{"votes":"DESC"},{"id":"ASC"}]`),
			}},
			"",
		},
		"two filters": {
			base.Where(fraiseql.Where{"id": fraiseql.Where{"in": []string{"a"}}}),
			schema.Result{Rows: &schema.Rows{Type: "Post", Source: "v_post", Where: json.RawMessage(`{"AND":[{"votes":{"gt":1152921504606846976}},{"id":{"in":["a"]}}]}`)}},
			"",
		},
		"plain":           {fraiseql.From[post]("v_post"), schema.Result{Rows: &schema.Rows{Type: "Post", Source: "v_post"}}, ""},
		"limit 0":         {base.Limit(0), schema.Result{JSON: json.RawMessage("[]")}, ""},
		"nil":             {nil, schema.Result{JSON: json.RawMessage("null")}, ""},
		"another source":  {fraiseql.From[post]("v_posts"), schema.Result{}, `Post is declared on "v_post", and From was given "v_posts"`},
		"negative limit":  {base.Limit(-1), schema.Result{}, "BAD_USER_INPUT: limit is -1"},
		"above the page":  {base.Limit(1001), schema.Result{}, "BAD_USER_INPUT: limit is 1001, and the most rows of a list are 1000"},
		"negative offset": {base.Offset(-1), schema.Result{}, "BAD_USER_INPUT: offset is -1"},
		"not JSON":        {base.Where(fraiseql.Where{"id": func() {}}), schema.Result{}, "where of rows of v_post"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := resolved(t, func() (*fraiseql.Rows[post], error) { return c.rows, nil })
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v %+v, %v", got, got.Rows, err)
			}
		})
	}
	one, err := resolved(t, func() (*fraiseql.Row[post], error) { return base.One(), nil })
	if err != nil || one.Rows.Limit != 1 {
		t.Errorf("one: %+v, %v", one.Rows, err)
	}
}

func TestErrorsOfResolvers(t *testing.T) {
	t.Parallel()
	secret := errors.New("password is hunter2")
	for name, c := range map[string]struct {
		err     error
		code    fault.Code
		message string
	}{
		"told":       {&fraiseql.Error{Code: fraiseql.CodeNotFound, Message: "no such post", Err: secret}, fault.NotFound, "no such post"},
		"own code":   {&fraiseql.Error{Code: "OUT_OF_STOCK", Message: "none left", Err: secret}, "OUT_OF_STOCK", "none left"},
		"no code":    {&fraiseql.Error{Message: "broken", Err: secret}, fault.Internal, "broken"},
		"other kind": {secret, fault.Internal, "internal error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := resolved(t, func() (int, error) { return 0, c.err })
			f := fault.Of(err)[0]
			if f.Code != c.code || f.Message != c.message || !errors.Is(err, secret) {
				t.Errorf("got %v", f)
			}
		})
	}
}
