//go:build tools

// Package tools keeps kube-apiserver among the requirements: its module asks for staging modules of
// version 0.0.0, which only the replace lines of a main module can name.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
