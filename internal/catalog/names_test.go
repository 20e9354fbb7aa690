package catalog_test

import (
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what string
		do   func(string) string
		rows [][2]string
	}{
		{"camel", catalog.Camel, [][2]string{
			{"id", "id"},
			{"created_at", "createdAt"},
			{"dns_1_id", "dns1Id"},
			{"_private", "_private"},
			{"__a_b", "__aB"},
			{"a__b", "aB"},
			{"camelCase", "camelCase"},
			{"étage_un", "étageUn"},
			{"un_étage", "unÉtage"},
			{"", ""},
			{"_", "_"},
		}},
		{"snake", catalog.Snake, [][2]string{
			{"id", "id"}, {"createdAt", "created_at"}, {"dns1Id", "dns_1_id"}, {"_private", "_private"}, {"line12", "line_12"}, {"Name", "name"}, {"snake_case", "snake_case"},
		}},
		{"plural", catalog.Plural, [][2]string{
			{"user", "users"},
			{"category", "categories"},
			{"bus", "buses"},
			{"box", "boxes"},
			{"day", "days"},
			{"church", "churches"},
			{"wish", "wishes"},
			{"postSummary", "postSummaries"},
			{"key", "keys"},
			{"y", "ys"},
			{"", ""},
			{"status", "statuses"},
		}},
		{"typeName", catalog.TypeName, [][2]string{
			{"v_user", "User"}, {"tb_post", "Post"}, {"tv_post_summary", "PostSummary"}, {"v_", "V"}, {"user", "User"}, {"v_v_user", "VUser"}, {"view_user", "ViewUser"},
		}},
		{"oneName", catalog.OneName, [][2]string{{"User", "user"}, {"PostSummary", "postSummary"}, {"URL", "url"}, {"URLThing", "urlThing"}, {"A", "a"}, {"AB1", "ab1"}, {"_X", "_X"}}},
	} {
		for _, row := range test.rows {
			if got := test.do(row[0]); got != row[1] {
				t.Errorf("%s(%q) = %q, want %q", test.what, row[0], got, row[1])
			}
		}
	}
	for _, test := range []struct{ name, want string }{{"emial", "email"}, {"EMAIL", "email"}, {"createdat", "created_at"}, {"i", "id"}, {"x", ""}, {"zzz", ""}, {"", ""}} {
		if got := catalog.Nearest(test.name, []string{"id", "email", "created_at"}); got != test.want {
			t.Errorf("nearest(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}
