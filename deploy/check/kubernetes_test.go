package check

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"

	"github.com/fraiseql/fraiseql-go"
)

type manifests struct {
	secret     core.Secret
	deployment apps.Deployment
	service    core.Service
	budget     policy.PodDisruptionBudget
}

// kubernetes reads the manifests as the server of Kubernetes does: a field that it does not know is an error.
func kubernetes(t *testing.T) (m manifests) {
	t.Helper()
	kinds := map[string]any{"Secret": &m.secret, "Deployment": &m.deployment, "Service": &m.service, "PodDisruptionBudget": &m.budget}
	for document := range bytes.SplitSeq(read(t, "kubernetes", "fraiseql.yaml"), []byte("\n---\n")) {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal(document, &kind); err != nil {
			t.Fatal(err)
		}
		into, ok := kinds[kind.Kind]
		if !ok {
			t.Fatalf("a %q that no test knows", kind.Kind)
		}
		if err := yaml.UnmarshalStrict(document, into); err != nil {
			t.Fatalf("%s: %v", kind.Kind, err)
		}
		delete(kinds, kind.Kind)
	}
	if len(kinds) > 0 {
		t.Fatalf("missing: %v", kinds)
	}
	return m
}

// options are those that a container gets from its variables and from the file in the secret.
func options(t *testing.T, m manifests, c core.Container) fraiseql.Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fraiseql.toml")
	if err := os.WriteFile(path, []byte(m.secret.StringData["fraiseql.toml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	var environ []string
	for _, e := range c.Env {
		if e.Name == "FRAISEQL_CONFIG" {
			if want := c.VolumeMounts[0].MountPath + "/fraiseql.toml"; e.Value != want {
				t.Errorf("FRAISEQL_CONFIG is %s, and the file %s", e.Value, want)
			}
			continue
		}
		environ = append(environ, e.Name+"="+e.Value)
	}
	o, err := fraiseql.LoadOptions(path, environ)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestKubernetes(t *testing.T) {
	m := kubernetes(t)
	pod := m.deployment.Spec.Template.Spec
	c := pod.Containers[0]
	o := options(t, m, c)

	// The budget: as many processes as a deploy has at once, each with all its connections.
	limit, err := strconv.Atoi(m.deployment.Annotations["fraiseql/max-connections"])
	if err != nil {
		t.Fatal(err)
	}
	replicas := int(*m.deployment.Spec.Replicas)
	processes := replicas + m.deployment.Spec.Strategy.RollingUpdate.MaxSurge.IntValue()
	if needed := processes * (o.ConnectionPoolSize + o.ConnectionPoolMaxOverflow); needed > limit-3 {
		t.Errorf("%d processes need %d connections of %d", processes, needed, limit)
	}
	if o.ReplicasHint != replicas {
		t.Errorf("the server is told of %d replicas, and there are %d", o.ReplicasHint, replicas)
	}

	// The end: nobody sends any more, then 30 s for requests under way, then the connections are closed.
	if sleep, grace := c.Lifecycle.PreStop.Sleep.Seconds, *pod.TerminationGracePeriodSeconds; grace < sleep+30+5 {
		t.Errorf("killed after %d s, of which %d s are the pause before the signal", grace, sleep)
	}

	for name, probe := range map[string]*core.Probe{"/health": c.LivenessProbe, "/ready": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet.Path != name || probe.HTTPGet.Port.StrVal != "http" {
			t.Errorf("%s is not probed", name)
		}
	}
	s := c.SecurityContext
	if !*pod.SecurityContext.RunAsNonRoot || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || s.Capabilities.Drop[0] != "ALL" {
		t.Error("the container may do more than it needs")
	}
	if c.Resources.Limits.Memory().Value() < 400<<20 {
		t.Error("GOMEMLIMIT is above the limit of memory")
	}
	for key, value := range m.deployment.Spec.Selector.MatchLabels {
		if m.deployment.Spec.Template.Labels[key] != value || m.service.Spec.Selector[key] != value || m.budget.Spec.Selector.MatchLabels[key] != value {
			t.Errorf("%s=%s is not selected by all", key, value)
		}
	}
}
