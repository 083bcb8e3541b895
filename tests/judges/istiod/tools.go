//go:build tools

// Package main keeps istioctl among the requirements, so that both are of one version of Istio.
package main

import _ "istio.io/istio/istioctl/cmd"
