package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/fault"
)

func TestSettingsValidate(t *testing.T) {
	t.Parallel()
	one := func(name, value string) auth.Settings {
		return auth.Settings{Values: map[string]string{name: value}}
	}
	for name, c := range map[string]struct {
		s    auth.Settings
		want string // a part of the error; empty: none
	}{
		"empty":              {auth.Settings{}, ""},
		"usual":              {auth.Settings{Role: "app_user", Values: map[string]string{"app.tenant_id": "1", "app.user_id": "", "_a1._b2": "ü\n'"}}, ""},
		"server parameter":   {one("statement_timeout", "0"), `"statement_timeout"`},
		"empty name":         {one("", ""), `""`},
		"no second part":     {one("app.", ""), `"app."`},
		"no first part":      {one(".x", ""), `".x"`},
		"three parts":        {one("a.b.c", ""), `"a.b.c"`},
		"a space":            {one("app.a b", ""), "identifiers"},
		"a quote":            {one("app.a'b", ""), "identifiers"},
		"a digit first":      {one("app.1", ""), "identifiers"},
		"not ASCII":          {one("app.ü", ""), "identifiers"},
		"too long":           {one("app."+strings.Repeat("x", 64), ""), "identifiers"},
		"reserved":           {one("FraiseQL.id", ""), "reserved"},
		"zero byte":          {one("app.x", "a\x00b"), "zero byte"},
		"not UTF-8":          {one("app.x", "\xff"), "UTF-8"},
		"same but for case":  {auth.Settings{Values: map[string]string{"app.x": "", "App.X": ""}}, "ignores case"},
		"role none":          {auth.Settings{Role: "None"}, `"none"`},
		"role with a zero":   {auth.Settings{Role: "a\x00"}, "zero byte"},
		"role is not quoted": {auth.Settings{Role: `we"ird`}, ""}, // a value of set_config, never SQL text
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.s.Validate()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSessionFromClaims(t *testing.T) {
	t.Parallel()
	table := map[string]string{
		"app.text": "text", "app.nested": "tenant.id", "app.number": "big", "app.float": "float", "app.exponent": "exponent",
		"app.bool": "bool", "app.list": "list", "app.object": "tenant", "app.null": "null", "app.missing": "tenant.nothing",
	}
	session, err := auth.SessionFromClaims(table)
	if err != nil {
		t.Fatal(err)
	}
	clear(table) // the table is the caller's own
	ctx := auth.NewContext(context.Background(), &auth.Principal{Claims: map[string]any{
		"text": `it's "<é>"`, "big": json.Number("12345678901234567890"), "float": float64(1e21), "exponent": json.Number("1e3"),
		"bool": true, "list": []any{"a", json.Number("1"), "<"}, "tenant": map[string]any{"id": "t1"}, "null": nil,
	}})
	got, err := session(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"app.text": `it's "<é>"`, "app.nested": "t1", "app.number": "12345678901234567890", "app.float": "1000000000000000000000", "app.exponent": "1e3",
		"app.bool": "true", "app.list": `["a",1,"<"]`, "app.object": `{"id":"t1"}`, "app.null": "", "app.missing": "",
	}
	if !maps.Equal(got.Values, want) || got.Role != "" {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	anonymous, err := session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if v, ok := anonymous.Values[name]; !ok || v != "" {
			t.Errorf("anonymous: %s is %q, %v: it must be set to the empty text", name, v, ok)
		}
	}
}

func TestSessionFromClaimsRole(t *testing.T) {
	t.Parallel()
	session, err := auth.SessionFromClaims(map[string]string{"role": "db.role", "app.x": "sub"})
	if err != nil {
		t.Fatal(err)
	}
	as := func(role any) context.Context {
		return auth.NewContext(context.Background(), &auth.Principal{Claims: map[string]any{"sub": "s", "db": map[string]any{"role": role}}})
	}
	got, err := session(as("reader"))
	if err != nil || got.Role != "reader" || len(got.Values) != 1 || got.Values["app.x"] != "s" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, ctx := range []context.Context{as(""), as(nil), context.Background()} {
		var f *fault.Error
		if _, err := session(ctx); !errors.As(err, &f) || f.Code != fault.Forbidden {
			t.Errorf("without a role: %v", err)
		}
	}
	if _, err := session(as("NONE")); err == nil {
		t.Error("a token must not choose the role that connected")
	}
}

func TestSessionFromClaimsRefuses(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"statement_timeout": "two identifiers", "search_path": "two identifiers", "fraiseql.id": "reserved", "app.x y": "identifiers"} {
		if _, err := auth.SessionFromClaims(map[string]string{name: "sub"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := auth.SessionFromClaims(map[string]string{"app.x": ""}); err == nil || !strings.Contains(err.Error(), "names no claim") {
		t.Errorf("no claim: got %v", err)
	}
	if _, err := auth.SessionFromClaims(map[string]string{"app.x": "a", "APP.x": "b"}); err == nil {
		t.Error("two names of one setting")
	}
	session, err := auth.SessionFromClaims(map[string]string{"app.x": "sub"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := auth.NewContext(context.Background(), &auth.Principal{Claims: map[string]any{"sub": "a\x00"}})
	if _, err := session(ctx); err == nil {
		t.Error("a zero byte")
	}
}
