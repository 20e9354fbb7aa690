package fraiseql_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
)

type (
	scalarText  string
	scalarWhole int32
	scalarBig   int64
	scalarRough float32
	scalarTruth bool
	scalarPairs []string
)

func TestFaultsOfScalars(t *testing.T) {
	t.Parallel()
	parse := func(string) (scalarText, error) { return "", errors.New("send nothing") }
	show := func(v scalarText) (string, error) { return string(v), nil }
	type options = fraiseql.ScalarOptions[scalarText]
	for name, c := range map[string]struct {
		types []fraiseql.Type
		want  []string // empty: none
	}{
		"all kinds": {types: []fraiseql.Type{
			fraiseql.Scalar("Text", options{As: "UUID", Parse: parse, Serialize: show, SpecifiedBy: "https://example.org/text"}), fraiseql.Scalar[scalarWhole]("Whole"),
			fraiseql.Scalar("Big", fraiseql.ScalarOptions[scalarBig]{As: "BigInt"}), fraiseql.Scalar[scalarRough]("Rough"),
		}},
		"a truth": {[]fraiseql.Type{fraiseql.Scalar[scalarTruth]("Truth")}, []string{`fraiseql.Scalar[fraiseql_test.scalarTruth]("Truth"): a scalar needs a type of its own that is a string or a number: declare one (type EmailAddress string)`}},
		"a list":  {[]fraiseql.Type{fraiseql.Scalar[scalarPairs]("Pairs")}, []string{"a scalar needs a type of its own"}},
		"a string": {
			[]fraiseql.Type{fraiseql.Scalar[string]("Text"), fraiseql.Scalar[fraiseql.Decimal]("Money")},
			[]string{`fraiseql.Scalar[string]("Text"): a scalar needs a type of its own`, `fraiseql.Scalar[fraiseql.Decimal]("Money"): a scalar needs a type of its own`},
		},
		"a built-in name": {[]fraiseql.Type{fraiseql.Scalar[scalarText]("UUID")}, []string{`there is a scalar UUID already: choose another name`}},
		"a bad name":      {[]fraiseql.Type{fraiseql.Scalar[scalarText]("e-mail")}, []string{`"e-mail" cannot be a GraphQL name`}},
		"one name twice": {
			[]fraiseql.Type{fraiseql.Scalar[scalarText]("Same"), fraiseql.Scalar[scalarWhole]("Same")},
			[]string{`fraiseql.Scalar[fraiseql_test.scalarText]("Same"), fraiseql.Scalar[fraiseql_test.scalarWhole]("Same") would all be named Same`},
		},
		"one type twice":      {[]fraiseql.Type{fraiseql.Scalar[scalarText]("A"), fraiseql.Scalar[scalarText]("B")}, []string{`("B"): fraiseql_test.scalarText is declared already: declare it once`}},
		"an enum too":         {[]fraiseql.Type{fraiseql.Enum(scalarText("x")), fraiseql.Scalar[scalarText]("B")}, []string{"is declared already"}},
		"a name of an object": {append(blogTypes(), fraiseql.Scalar[scalarText]("Post")), []string{`fraiseql.Scalar[fraiseql_test.scalarText]("Post")`, "would all be named Post"}},
		"as nothing":          {[]fraiseql.Type{fraiseql.Scalar("A", options{As: "Boolean"})}, []string{`As is "Boolean", which values of fraiseql_test.scalarText cannot be: name one of String, ID, UUID`}},
		"as a text":           {[]fraiseql.Type{fraiseql.Scalar("A", fraiseql.ScalarOptions[scalarWhole]{As: "String"})}, []string{"name one of Int, BigInt"}},
		"no address":          {[]fraiseql.Type{fraiseql.Scalar("A", options{SpecifiedBy: "RFC 5322"})}, []string{`SpecifiedBy is "RFC 5322", which is no address`}},
		"no way back":         {[]fraiseql.Type{fraiseql.Scalar("A", options{Serialize: show})}, []string{"it has Serialize and no Parse"}},
		"a default that is refused": {
			[]fraiseql.Type{fraiseql.Scalar("A", options{Parse: parse})}, []string{`default:"x": send nothing`},
		},
	} {
		o := fraiseql.Options{DatabaseURL: "postgres://localhost/x", Types: c.types}
		if name == "a default that is refused" {
			o.Queries = []fraiseql.Query{resolverWithDefault()}
		}
		_, err := fraiseql.New(o)
		if len(c.want) == 0 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in %v", name, want, err)
			}
		}
	}
}

func resolverWithDefault() fraiseql.Query {
	type args struct {
		Text scalarText `default:"x"`
	}
	return fraiseql.Resolve("f", func(context.Context, args) (bool, error) { return true, nil })
}
