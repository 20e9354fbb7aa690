package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"
	"time"
)

const (
	readingsSQL     = `SELECT id, name, email FROM v_reading ORDER BY id`
	readingsGraphQL = `{ readings { id name email } }`

	makeReadings = `
CREATE TABLE tb_reading (id uuid PRIMARY KEY, name text NOT NULL, email text NOT NULL);
INSERT INTO tb_reading
SELECT overlay(overlay(md5('reading ' || n) PLACING '8' FROM 13) PLACING 'a' FROM 17)::uuid, 'Name of ' || n, 'reading' || n || '@example.org'
FROM generate_series(1, %d) AS n;
ANALYZE tb_reading;
CREATE VIEW v_reading AS SELECT id, name, email FROM tb_reading;
COMMENT ON VIEW v_reading IS '@fraiseql:type
name: Reading
key: [id]';`
)

// memory is the peak memory of one server while it sends a list of very many rows.
type memory struct {
	Contender  string        `json:"contender"`
	Rows       int           `json:"rows"`
	Bytes      int64         `json:"bytes"` // of the answer
	Elapsed    time.Duration `json:"elapsedNs"`
	FirstByte  time.Duration `json:"firstByteNs"`
	IdleBytes  int64         `json:"idleBytes"`  // resident before
	PeakBytes  int64         `json:"peakBytes"`  // resident at most
	AboveBytes int64         `json:"aboveBytes"` // peak less idle
}

// measureMemory asks each contender for the whole list, once, and checks that all rows came.
func measureMemory(ctx context.Context, d *database, keys []string, o options) error {
	o.say("making %d rows", o.rows)
	if err := d.exec(ctx, fmt.Sprintf(makeReadings, o.rows)); err != nil {
		return fmt.Errorf("make the long list: %w", err)
	}
	var all []memory
	for _, key := range keys {
		if key == "a" || key == "d" {
			continue // no server; no long list
		}
		o.say("reading %d rows from %s", o.rows, key)
		m, err := measureOneMemory(ctx, d, key, o)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		all = append(all, m)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\n\trows\tanswer MB\tseconds\tfirst byte ms\tidle MB\tpeak MB\tabove idle MB\t")
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.2f\t%s\t%.1f\t%.1f\t%.1f\t\n", m.Contender, m.Rows, float64(m.Bytes)/1e6,
			m.Elapsed.Seconds(), ms(m.FirstByte), float64(m.IdleBytes)/1e6, float64(m.PeakBytes)/1e6, float64(m.AboveBytes)/1e6)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return write(o.json, all)
}

func measureOneMemory(ctx context.Context, d *database, key string, o options) (m memory, err error) {
	c, err := startContender(ctx, key, d.url, nil, o)
	if err != nil {
		return memory{}, err
	}
	defer func() { err = errors.Join(err, c.process.stop()) }()
	body := []byte(`{}`)
	if key == "c" {
		if body, err = graphqlBody(readingsGraphQL, nil); err != nil {
			return memory{}, err
		}
	}
	m = memory{Contender: key}
	if m.IdleBytes, err = memoryOf(c.process.pid, "VmRSS"); err != nil {
		return memory{}, err
	}
	if err := resetPeak(c.process.pid); err != nil {
		return memory{}, err
	}
	start := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url("readings"), bytes.NewReader(body))
	if err != nil {
		return memory{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return memory{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, 600))
		return memory{}, errors.Join(fmt.Errorf("status %s: %s", answer.Status, text), err)
	}
	counted := &counter{from: answer.Body, start: start}
	if m.Rows, err = countRows(counted, "readings"); err != nil {
		return memory{}, fmt.Errorf("after %d rows: %w", m.Rows, err)
	}
	m.Elapsed, m.Bytes, m.FirstByte = time.Since(start), counted.bytes, counted.first
	if m.Rows != o.rows {
		return memory{}, fmt.Errorf("%d rows came, want %d", m.Rows, o.rows)
	}
	if m.PeakBytes, err = memoryOf(c.process.pid, "VmHWM"); err != nil {
		return memory{}, err
	}
	m.AboveBytes = m.PeakBytes - m.IdleBytes
	return m, nil
}

type counter struct {
	from  io.Reader
	start time.Time
	first time.Duration
	bytes int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if c.bytes == 0 && n > 0 {
		c.first = time.Since(c.start)
	}
	c.bytes += int64(n)
	return n, err
}

// countRows reads {"data":{field:[…]}} row by row, checks that each row is whole, and gives their number.
func countRows(from io.Reader, field string) (int, error) {
	decoder := json.NewDecoder(from)
	for _, want := range []json.Token{json.Delim('{'), "data", json.Delim('{'), field, json.Delim('[')} {
		got, err := decoder.Token()
		if err != nil {
			return 0, err
		}
		if got != want {
			return 0, fmt.Errorf("the answer has %v where %v should stand", got, want)
		}
	}
	rows := 0
	for decoder.More() {
		var row struct{ ID, Name, Email string }
		if err := decoder.Decode(&row); err != nil {
			return rows, err
		}
		if row.ID == "" || row.Name == "" || row.Email == "" {
			return rows, errors.New("a row lacks a field")
		}
		rows++
	}
	for range 3 { // ] } }
		if _, err := decoder.Token(); err != nil {
			return rows, err
		}
	}
	return rows, nil
}
