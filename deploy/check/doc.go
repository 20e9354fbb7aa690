// Package check tests the files of deploy/: each by what will read it, as far as that runs without a cluster.
//
// It is a module of its own, so that who builds an API from this project downloads neither Prometheus nor Kubernetes.
package check
