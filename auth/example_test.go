package auth_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fraiseql/fraiseql-go/auth"
)

func ExampleSessionFromClaims() {
	session, err := auth.SessionFromClaims(map[string]string{
		"app.tenant_id": "tenant.id",
		"app.user_id":   "sub",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := auth.NewContext(context.Background(), &auth.Principal{Claims: map[string]any{
		"sub":    "ada",
		"tenant": map[string]any{"id": json.Number("9007199254740993")},
	}})
	settings, err := session(ctx)
	fmt.Println(settings.Values["app.tenant_id"], settings.Values["app.user_id"], err)

	_, err = auth.SessionFromClaims(map[string]string{"statement_timeout": "sub"})
	fmt.Println(err)
	// Output:
	// 9007199254740993 ada <nil>
	// "statement_timeout" cannot name a session setting: use two identifiers joined by a dot, such as app.tenant_id
}
