package check

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/opencontainers/go-digest"

	"github.com/fraiseql/fraiseql-go"
)

// TestDockerfileLints: BuildKit, which builds it, has nothing to say.
func TestDockerfileLints(t *testing.T) {
	_, err := dockerfile2llb.Dockerfile2LLB(t.Context(), read(t, "Dockerfile"), dockerfile2llb.ConvertOpt{
		AllStages:    true,
		MetaResolver: unknownImages{},
		Warn: func(rule, _, url, message string, _ []parser.Range) {
			t.Errorf("%s: %s: %s", rule, message, url)
		},
	})
	if err != nil {
		t.Error(err)
	}
}

// unknownImages says of every base image that nothing is known of it, instead of asking a registry.
type unknownImages struct{}

func (unknownImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, "", []byte("{}"), nil
}

// TestImage: the last stage is the server alone, which runs without root, and its variables are options.
func TestImage(t *testing.T) {
	stages := stages(t)
	last := stages[len(stages)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the image is built on %s", last.BaseName)
	}
	environ, user := []string(nil), ""
	for _, c := range last.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EnvCommand:
			for _, e := range c.Env {
				environ = append(environ, e.String())
			}
		}
	}
	if user != "65532:65532" {
		t.Errorf("the image runs as %q", user)
	}
	if o, err := fraiseql.LoadOptions("", environ); err != nil || !o.Production || o.Addr == "" || o.AdminAddr == "" {
		t.Errorf("%q: %v", environ, err)
	}
}

func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	file, err := parser.Parse(strings.NewReader(string(read(t, "Dockerfile"))))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := instructions.Parse(file.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestImageRuns: what the Dockerfile builds runs in a file system that has nothing else, as the user of the image.
func TestImageRuns(t *testing.T) {
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	build := ""
	for _, c := range stages(t)[0].Commands {
		if run, ok := c.(*instructions.RunCommand); ok && strings.Contains(run.CmdLine[0], "go build") {
			build = strings.ReplaceAll(run.CmdLine[0], "/out/fraiseql", filepath.Join(root, "fraiseql"))
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", build)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	server := exec.CommandContext(t.Context(), filepath.Join(root, "fraiseql"), "version")
	if os.Getuid() == 0 { // only root may do that
		server.Path, server.Args[0] = "/fraiseql", "/fraiseql"
		server.Dir = "/"
		server.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	}
	server.Env = []string{}
	if out, err := server.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "fraiseql ") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestCompose: the file is of the Compose specification, and gives the API as little as it needs.
func TestCompose(t *testing.T) {
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "..",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: read(t, "compose.yaml")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	api, err := project.GetService("api")
	if err != nil {
		t.Fatal(err)
	}
	if !api.ReadOnly || len(api.CapDrop) != 1 || api.CapDrop[0] != "ALL" || len(api.SecurityOpt) != 1 {
		t.Errorf("the API may do more than it needs: read_only %t, cap_drop %v, security_opt %v", api.ReadOnly, api.CapDrop, api.SecurityOpt)
	}
	if api.StopGracePeriod == nil || api.StopGracePeriod.String() != "40s" {
		t.Errorf("the API is killed after %v: requests under way may finish for 30 s", api.StopGracePeriod)
	}
	for _, p := range api.Ports {
		if p.HostIP != "127.0.0.1" {
			t.Errorf("port %s is open to the network", p.Published)
		}
	}
	var environ []string
	for name, value := range api.Environment {
		if name != "FRAISEQL_CONFIG" {
			environ = append(environ, name+"="+*value)
		}
	}
	if o, err := fraiseql.LoadOptions("", environ); err != nil || o.ConnectionPoolSize != 20 || o.ConnectionPoolMaxOverflow != 10 {
		t.Errorf("%q: %v", environ, err)
	}
}
