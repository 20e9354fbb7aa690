package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// EmailAddress is a text with a form, in small letters.
type EmailAddress string

func parseEmail(text string) (EmailAddress, error) {
	name, host, ok := strings.Cut(text, "@")
	if !ok || name == "" || host == "" {
		return "", errors.New("send an address such as ada@example.org")
	}
	return EmailAddress(strings.ToLower(text)), nil
}

// PhoneNumber is stored as digits, and shown with a +.
type PhoneNumber string

func parsePhone(text string) (PhoneNumber, error) {
	digits := strings.NewReplacer("+", "", " ", "").Replace(text)
	if _, err := strconv.ParseUint(digits, 10, 64); err != nil {
		return "", errors.New("send a number such as +41 44 123 45 67")
	}
	return PhoneNumber(digits), nil
}

func showPhone(n PhoneNumber) (string, error) {
	switch n {
	case "666":
		return "", errors.New("the directory has no such number")
	case "667":
		return "", &fraiseql.Error{Code: "UNLISTED", Message: "this number is not listed"}
	case "668":
		panic("out of order")
	}
	return "+" + string(n), nil
}

// Port is a whole number in bounds.
type Port int32

func parsePort(text string) (Port, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, errors.New("send a port from 0 to 65535")
	}
	return Port(n), nil
}

// Price is exact, and has no rules of its own.
type Price string

// Secret panics where it should parse.
type Secret string

type contactRow struct {
	ID     fraiseql.ID `graphql:",key"`
	Email  EmailAddress
	Phone  *PhoneNumber
	Port   *Port
	Price  *Price
	Emails []EmailAddress
	Calls  []callRow `by:"id=contact_id"`
}

type callRow struct {
	ID    fraiseql.ID `graphql:",key"`
	Phone PhoneNumber
}

const contacts = `
create table tb_contact (id int primary key, email text not null, phone text, port int, price numeric, emails text[] not null);
insert into tb_contact values
 (1, 'ada@example.org', '41441234567', 443, 19.90, '{ada@example.org,countess@example.org}'),
 (2, 'bob@example.org', '666', 80, 5.00, '{}'),
 (3, 'cyd@example.org', null, null, null, '{}');
create view v_contact as select * from tb_contact;
create table tb_call (id int primary key, contact_id int not null, phone text not null);
insert into tb_call values (1, 1, '1'), (2, 1, '2'), (3, 2, '667'), (4, 3, '668');
create view v_call as select * from tb_call;
create view v_annotated as select id, email, port from tb_contact;
comment on view v_annotated is '@fraiseql:type
name: Annotated
key: [id]
not_null: [email]';
comment on column v_annotated.email is '@fraiseql:field type=EmailAddress! description=Where we write to';
comment on column v_annotated.port is '@fraiseql:field type=Port';
create table tv_contact (id int primary key, data jsonb not null);
insert into tv_contact select id, to_jsonb(c) from tb_contact c;
comment on table tv_contact is '@fraiseql:type
name: StoredContact
key: [id]
queries: {list: stored}
fields: {id: ID!, email: EmailAddress!, phone: PhoneNumber, port: Port, price: Price, emails: "[EmailAddress!]!"}';`

func ownScalars() []fraiseql.Type {
	return []fraiseql.Type{
		fraiseql.Scalar("EmailAddress", fraiseql.ScalarOptions[EmailAddress]{
			Description: "An address for electronic mail.", SpecifiedBy: "https://html.spec.whatwg.org/#valid-e-mail-address", Parse: parseEmail,
		}),
		fraiseql.Scalar("PhoneNumber", fraiseql.ScalarOptions[PhoneNumber]{Parse: parsePhone, Serialize: showPhone}),
		fraiseql.Scalar("Port", fraiseql.ScalarOptions[Port]{Parse: parsePort}),
		fraiseql.Scalar("Price", fraiseql.ScalarOptions[Price]{As: "Decimal"}),
		fraiseql.Scalar("Secret", fraiseql.ScalarOptions[Secret]{Parse: func(string) (Secret, error) { panic("no secrets") }}),
		fraiseql.Object[contactRow]("v_contact", fraiseql.ObjectOptions{Name: "Contact"}),
		fraiseql.Object[callRow]("v_call", fraiseql.ObjectOptions{Name: "Call"}),
		fraiseql.Field("host", func(_ context.Context, all []contactRow) ([]string, error) {
			hosts := make([]string, len(all))
			for i, c := range all {
				_, hosts[i], _ = strings.Cut(string(c.Email), "@")
			}
			return hosts, nil
		}),
	}
}

func serveContacts(t *testing.T) *site {
	t.Helper()
	return serve(t, fraiseql.Options{
		Types: ownScalars(),
		Queries: []fraiseql.Query{
			fraiseql.List[contactRow]("contacts"), fraiseql.Get[contactRow]("contact"), fraiseql.Connection[contactRow]("contactsConnection"),
			fraiseql.Aggregate[contactRow]("contactsAggregate"), fraiseql.Groups[contactRow]("contactsGroups"),
			fraiseql.Resolve("echo", func(_ context.Context, a struct {
				Email  *EmailAddress
				Phone  PhoneNumber `default:"+1"`
				Ports  []Port
				Price  *Price
				Secret *Secret
			},
			) (string, error) {
				if a.Email == nil {
					return fmt.Sprintf("%s %v", a.Phone, a.Ports), nil
				}
				return fmt.Sprintf("%s %s %v", *a.Email, a.Phone, a.Ports), nil
			}),
			fraiseql.Resolve("dial", func(context.Context, struct{}) ([]PhoneNumber, error) { return []PhoneNumber{"5", "6"}, nil }),
		},
	}, contacts)
}

func TestScalarsDeclaredInGo(t *testing.T) {
	t.Parallel()
	s := serveContacts(t)
	type vars = map[string]any
	for name, c := range map[string]struct {
		query     string
		variables any
		want      string
	}{
		"columns": {
			`{ contacts(limit: 1) { email phone port price emails host } }`, nil,
			`{"contacts":[{"email":"ada@example.org","phone":"+41441234567","port":443,"price":"19.90","emails":["ada@example.org","countess@example.org"],"host":"example.org"}]}`,
		},
		"a nested list":   {`{ contact(id: 1) { calls { phone } } }`, nil, `{"contact":{"calls":[{"phone":"+1"},{"phone":"+2"}]}}`},
		"a document":      {`{ stored(limit: 1) { email phone port price emails } }`, nil, `{"stored":[{"email":"ada@example.org","phone":"+41441234567","port":443,"price":"19.90","emails":["ada@example.org","countess@example.org"]}]}`},
		"an annotation":   {`{ annotateds(where: {port: {eq: 80}}) { email port } }`, nil, `{"annotateds":[{"email":"bob@example.org","port":80}]}`},
		"a connection":    {`{ contactsConnection(first: 1, orderBy: [{phone: DESC_NULLS_LAST}], where: {port: {eq: 443}}) { nodes { phone } } }`, nil, `{"contactsConnection":{"nodes":[{"phone":"+41441234567"}]}}`},
		"figures":         {`{ contactsAggregate { max { email price port } sum { price port } } }`, nil, `{"contactsAggregate":{"max":{"email":"cyd@example.org","price":"19.90","port":443},"sum":{"price":"24.90","port":"523"}}}`},
		"groups":          {`{ contactsGroups(by: [phone], where: {port: {eq: 443}}) { key { phone } count } }`, nil, `{"contactsGroups":[{"key":{"phone":"+41441234567"},"count":1}]}`},
		"a literal":       {`{ contacts(where: {email: {eq: "ADA@Example.org"}}) { id } }`, nil, `{"contacts":[{"id":"1"}]}`},
		"a list":          {`{ contacts(where: {email: {in: ["ADA@example.org", "Cyd@example.org"]}}) { id } }`, nil, `{"contacts":[{"id":"1"},{"id":"3"}]}`},
		"a variable":      {`query($e: EmailAddress!) { contacts(where: {email: {eq: $e}}) { id } }`, vars{"e": "ADA@example.org"}, `{"contacts":[{"id":"1"}]}`},
		"variables":       {`query($e: [EmailAddress!]) { contacts(where: {email: {in: $e}}) { id } }`, vars{"e": []string{"ADA@example.org"}}, `{"contacts":[{"id":"1"}]}`},
		"shown and sent":  {`{ contacts(where: {phone: {eq: "+41 44 123 45 67"}}) { id } }`, nil, `{"contacts":[{"id":"1"}]}`},
		"its operators":   {`{ contacts(where: {email: {startsWith: "b"}, port: {lt: 443}, price: {gte: 5}}) { id } }`, nil, `{"contacts":[{"id":"2"}]}`},
		"in a document":   {`{ stored(where: {email: {eq: "ADA@example.org"}, price: {gt: "19.8"}, emails: {contains: ["Ada@example.org"]}}) { id } }`, nil, `{"stored":[{"id":"1"}]}`},
		"arguments":       {`{ echo(email: "X@Y", phone: "+2 3", ports: [1, 2]) }`, nil, `{"echo":"x@y 23 [1 2]"}`},
		"more arguments":  {`query($e: EmailAddress, $p: [Port!]!) { echo(email: $e, ports: $p) }`, vars{"e": "X@Y", "p": []int{7}}, `{"echo":"x@y 1 [7]"}`},
		"a result":        {`{ dial }`, nil, `{"dial":["+5","+6"]}`},
		"a default":       {`{ echo(ports: []) }`, nil, `{"echo":"1 []"}`},
		"what is missing": {`{ contact(id: 3) { phone port price } }`, nil, `{"contact":{"phone":null,"port":null,"price":null}}`},
		"introspection": {
			`{ a: __type(name: "EmailAddress") { kind name description specifiedByURL } b: __type(name: "Port") { specifiedByURL } c: __type(name: "EmailAddressFilter") { inputFields { name } } }`, nil,
			`{"a":{"kind":"SCALAR","name":"EmailAddress","description":"An address for electronic mail.","specifiedByURL":"https://html.spec.whatwg.org/#valid-e-mail-address"},"b":{"specifiedByURL":null},
			"c":{"inputFields":[{"name":"eq"},{"name":"neq"},{"name":"in"},{"name":"nin"},{"name":"contains"},{"name":"icontains"},{"name":"startsWith"},{"name":"istartsWith"},
			{"name":"endsWith"},{"name":"iendsWith"},{"name":"like"},{"name":"ilike"},{"name":"matches"},{"name":"imatches"},{"name":"notMatches"},{"name":"isNull"}]}}`,
		},
	} {
		a := s.Send(t, c.query, c.variables)
		if len(a.Errors) > 0 {
			t.Errorf("%s: %s", name, a.Body)
			continue
		}
		apptest.Expect(t, name, string(a.Data), c.want)
	}
	mustContain(t, "the schema", s.App.Schema(), `scalar EmailAddress @specifiedBy(url: "https://html.spec.whatwg.org/#valid-e-mail-address")`, "scalar Port\n", "email: EmailAddress!", "phone: PhoneNumber\n", "emails: [EmailAddress!]!")
}

// A query that asks for a scalar with Serialize is as any other for the database: one round trip.
func TestScalarsDeclaredInGoTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := serveContacts(t)
	s.Query(t, `{ contacts(where: {email: {eq: "ADA@example.org"}}) { email phone calls { phone } } }`, nil)
}

func TestScalarsDeclaredInGoRefuse(t *testing.T) {
	t.Parallel()
	s := serveContacts(t)
	type vars = map[string]any
	for name, c := range map[string]struct {
		query     string
		variables any
		code      string
		parts     []string
	}{
		"a literal":           {`{ contacts(where: {email: {eq: "ada"}}) { id } }`, nil, "BAD_USER_INPUT", []string{`EmailAddress cannot represent \"ada\": send an address such as ada@example.org`, `"line":1`}},
		"a variable":          {`query($e: [EmailAddress!]) { contacts(where: {email: {in: $e}}) { id } }`, vars{"e": []string{"a@b", "ada"}}, "BAD_USER_INPUT", []string{`variable \"$e[1]\": EmailAddress cannot represent \"ada\": send an address`}},
		"a number for a text": {`{ contacts(where: {email: {eq: 5}}) { id } }`, nil, "BAD_USER_INPUT", []string{"EmailAddress cannot represent 5: send it as String is sent"}},
		"a text for a number": {`{ contacts(where: {port: {eq: "80"}}) { id } }`, nil, "BAD_USER_INPUT", []string{`Port cannot represent \"80\": send it as Int is sent`}},
		"out of bounds":       {`{ contacts(where: {port: {eq: 65536}}) { id } }`, nil, "BAD_USER_INPUT", []string{"Port cannot represent 65536: send a port from 0 to 65535"}},
		"a number that shows": {`{ contacts(where: {phone: {eq: 41}}) { id } }`, nil, "BAD_USER_INPUT", []string{"PhoneNumber cannot represent 41: send a string"}},
		"no rules of its own": {`{ contacts(where: {price: {eq: "x"}}) { id } }`, nil, "BAD_USER_INPUT", []string{`Price is a Decimal cannot represent`}},
		"a panic":             {`{ echo(ports: [], secret: "x") }`, nil, "INTERNAL", []string{"internal error"}},
	} {
		a := s.Counted(t, 0, 0, c.query, c.variables)
		if a.Code() != c.code {
			t.Errorf("%s: got %s", name, a.Body)
		}
		mustContain(t, name, string(a.Body), c.parts...)
	}
}

// What Serialize refuses is null with an error at its path, and moves up where null is not allowed.
func TestScalarsThatCannotBeShown(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	s := serve(t, fraiseql.Options{
		Types:  ownScalars(),
		Logger: slog.New(slog.NewTextHandler(&logged, nil)),
		Queries: []fraiseql.Query{
			fraiseql.List[contactRow]("contacts"),
			fraiseql.Resolve("use", func(context.Context, struct{ Secret *Secret }) (bool, error) { return true, nil }),
		},
	}, contacts)
	a := s.Send(t, `{ contacts(where: {id: {in: [1, 2]}}) { id phone } }`, nil)
	apptest.Expect(t, "null", string(a.Data), `{"contacts":[{"id":"1","phone":"+41441234567"},{"id":"2","phone":null}]}`)
	mustContain(t, "null", string(a.Body), `"path":["contacts",1,"phone"]`, `"code":"INTERNAL"`, "PhoneNumber: the value cannot be written", "the directory has no such number")
	if len(a.Errors) != 1 {
		t.Errorf("got %s", a.Body)
	}
	a = s.Send(t, `{ contacts { id calls { phone } } }`, nil)
	apptest.Expect(t, "propagation", string(a.Data), `{"contacts":null}`)
	mustContain(t, "propagation", string(a.Body), `"path":["contacts",1,"calls",0,"phone"]`, `"code":"UNLISTED"`, "this number is not listed")
	a = s.Send(t, `{ contacts(where: {id: {eq: 3}}) { calls { phone } } }`, nil)
	mustContain(t, "a panic", string(a.Body), `"data":{"contacts":null}`, `"message":"internal error"`)
	// With a Go field in the answer it is walked over twice; each value is shown once all the same.
	var calls atomic.Int64
	counting := fraiseql.Scalar("PhoneNumber", fraiseql.ScalarOptions[PhoneNumber]{Parse: parsePhone, Serialize: func(n PhoneNumber) (string, error) {
		calls.Add(1)
		return string(n), nil
	}})
	types := ownScalars()
	types[1] = counting
	s = serve(t, fraiseql.Options{Types: types, Queries: []fraiseql.Query{
		fraiseql.List[contactRow]("contacts"), fraiseql.Resolve("use", func(context.Context, struct{ Secret *Secret }) (bool, error) { return true, nil }),
	}}, contacts)
	s.Query(t, `{ contacts { host phone } }`, nil)
	if calls.Load() != 2 {
		t.Errorf("%d calls for 2 values", calls.Load())
	}
}

// What does not fit is told at start, with the cure.
func TestScalarsThatDoNotFit(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, contacts)
	for name, c := range map[string]struct {
		types []fraiseql.Type
		want  []string
	}{
		"unused": {
			[]fraiseql.Type{fraiseql.Scalar[EmailAddress]("EmailAddress"), fraiseql.Scalar[Port]("Port"), fraiseql.Scalar[Secret]("Secret"), fraiseql.Object[callRow]("v_call", fraiseql.ObjectOptions{Name: "Call"})},
			[]string{`fraiseql.Scalar[e2e_test.Secret]("Secret"): no field or argument of the schema is of this scalar; use its Go type in a struct, or write @fraiseql:field type=Secret on a column, or leave it out`},
		},
		"a name of a view": {
			append(ownScalars()[:2:2], fraiseql.Scalar[Port]("Annotated"), fraiseql.Scalar[Price]("CallWhereInput", fraiseql.ScalarOptions[Price]{As: "Decimal"}), ownScalars()[5], ownScalars()[6]),
			[]string{"CallWhereInput", "the scalar that Go declares"},
		},
	} {
		var logged strings.Builder
		app, err := fraiseql.New(fraiseql.Options{
			DatabaseURL: db.URL, Types: c.types, Queries: []fraiseql.Query{}, FailFast: true, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
		})
		if err == nil {
			err = app.Start(t.Context())
			_ = app.Shutdown(context.Background())
		}
		if err == nil {
			t.Errorf("%s: it started: %s", name, logged.String())
			continue
		}
		mustContain(t, name, err.Error()+logged.String(), c.want...)
	}
}

// A comment that names a scalar which nobody declares is reported with the cure, and its column is left out.
func TestAnnotationOfAnUnknownScalar(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	s := serve(t, fraiseql.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))}, `create view v_a as select 1 as id, 'x' as colour;
		comment on view v_a is '@fraiseql:type'; comment on column v_a.colour is '@fraiseql:field type=Hue!';`)
	mustContain(t, "the log", logged.String(), "there is no type Hue", "column public.v_a.colour", "declare it in Go (a scalar by fraiseql.Scalar)")
	if strings.Contains(s.App.Schema(), "colour") {
		t.Error("the column is served")
	}
}

func TestPlainNumbers(t *testing.T) {
	t.Parallel()
	const numbers = `create view v_n as select 1 as id, 9223372036854775807::int8 as big, 12345678901234567890.1234567890::numeric as exact, int8range(1, 9223372036854775807) as span;
		comment on view v_n is '@fraiseql:type
name: Num
key: [id]';
		create table tv_n (id int primary key, data jsonb);
		insert into tv_n values (1, '{"big": 9223372036854775807, "exact": "12.50"}');
		comment on table tv_n is '@fraiseql:type
name: Doc
key: [id]
fields: {big: BigInt, exact: Decimal}';`
	const query = `{ nums { big exact span { upper } } docs { big exact } numsAggregate { sum { big exact } } }`
	apptest.Expect(t, "strings", serve(t, fraiseql.Options{}, numbers).Query(t, query, nil),
		`{"nums":[{"big":"9223372036854775807","exact":"12345678901234567890.1234567890","span":{"upper":"9223372036854775807"}}],"docs":[{"big":"9223372036854775807","exact":"12.50"}],
		"numsAggregate":{"sum":{"big":"9223372036854775807","exact":"12345678901234567890.1234567890"}}}`)
	s := serve(t, fraiseql.Options{PlainNumbers: true}, numbers)
	apptest.Expect(t, "numbers", s.Query(t, query, nil),
		`{"nums":[{"big":9223372036854775807,"exact":12345678901234567890.1234567890,"span":{"upper":9223372036854775807}}],"docs":[{"big":9223372036854775807,"exact":12.50}],
		"numsAggregate":{"sum":{"big":9223372036854775807,"exact":12345678901234567890.1234567890}}}`)
	for _, where := range []string{`{big: {eq: 9223372036854775807}, exact: {eq: 12345678901234567890.123456789}}`, `{big: {eq: "9223372036854775807"}, exact: {eq: "12345678901234567890.123456789"}}`} {
		apptest.Expect(t, where, s.Query(t, `{ nums(where: `+where+`) { id } }`, nil), `{"nums":[{"id":"1"}]}`)
	}
	mustContain(t, "the schema", s.App.Schema(), "A whole number of 64 bits, written as a number")
}
