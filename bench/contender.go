package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

// contender is one way to serve the works over HTTP.
type contender struct {
	key     string // a, b1, b1t, b2, c, ct, d: see the README
	process *process
	bodies  map[string][][]byte // of the requests, by work and variant
	answers map[string][][]byte // verified, by work and variant

	connections loadgen.Transport // kept from slot to slot, so that no slot begins with opening them
}

// label says in a few words what a key stands for.
func label(key string) string {
	return map[string]string{
		"a":   "pgbench -M prepared",
		"b1":  "by hand: net/http, pgxpool, json_agg",
		"b1t": "b1 under the settings of a tenant",
		"b2":  "tuned: text columns, JSON in Go",
		"c":   "this project",
		"ct":  "c under the settings of a tenant",
		"d":   "PostGraphile 5",
	}[key]
}

func startContender(ctx context.Context, key, databaseURL string, all []work, o options) (*contender, error) {
	var p *process
	var err error
	if key == "d" {
		p, err = launchPostGraphile(ctx, databaseURL, o)
	} else {
		p, err = launchSelf(ctx, key, databaseURL, o)
	}
	if err != nil {
		return nil, err
	}
	c := &contender{key: key, process: p, bodies: map[string][][]byte{}, answers: map[string][][]byte{}}
	for _, w := range all {
		for _, variables := range w.variables {
			var body []byte
			switch key {
			case "c", "ct":
				body, err = graphqlBody(w.graphql, variables)
			case "d":
				body, err = graphqlBody(w.postgraphile, variables)
			default:
				body, err = json.Marshal(variables)
			}
			if err != nil {
				return nil, errors.Join(err, p.stop())
			}
			c.bodies[w.name] = append(c.bodies[w.name], body)
		}
	}
	return c, nil
}

// url is where a work is asked for.
func (c *contender) url(name string) string {
	if c.key == "c" || c.key == "ct" || c.key == "d" {
		name = "graphql"
	}
	return "http://" + c.process.address + "/" + name
}

// verify asks every contender every variant of every work, and fails unless all answers say the same. What they answered is
// kept: under load, each answer must be these very bytes.
func verify(ctx context.Context, contenders []*contender, all []work) error {
	client := &http.Client{Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	for _, w := range all {
		for i := range w.variables {
			var want any
			for j, c := range contenders {
				body, err := post(ctx, client, c.url(w.name), c.bodies[w.name][i])
				if err != nil {
					return fmt.Errorf("%s, request %s: %w", c.key, w.name, err)
				}
				got, err := decode(body)
				if err != nil {
					return fmt.Errorf("%s, request %s: the answer is not JSON: %w", c.key, w.name, err)
				}
				if j == 0 {
					if want = got; !holdsData(got, w.field) {
						return fmt.Errorf("%s, request %s: the answer holds no data.%s: %.300s", c.key, w.name, w.field, body)
					}
				} else if !reflect.DeepEqual(got, want) {
					return fmt.Errorf("request %s with %v: %s and %s do not answer the same:\n%.600s\n%.600s",
						w.name, w.variables[i], contenders[0].key, c.key, contenders[0].answers[w.name][i], body)
				}
				c.answers[w.name] = append(c.answers[w.name], body)
			}
		}
	}
	return nil
}

// holdsData says whether data.field is something: neither null nor an empty list.
func holdsData(answer any, field string) bool {
	envelope, _ := answer.(map[string]any)
	data, _ := envelope["data"].(map[string]any)
	list, isList := data[field].([]any)
	return data[field] != nil && (!isList || len(list) > 0)
}

func post(ctx context.Context, client *http.Client, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s: %.600s", answer.Status, text)
	}
	return text, nil
}

// decode reads JSON without rounding its numbers; the order of keys and spaces are gone afterwards.
func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind the first value")
	}
	return v, nil
}
