package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
)

// Message is what an analyzer says, and of what.
type Message struct {
	Code   string `json:"code"`
	Level  string `json:"level"`
	Text   string `json:"text"`
	Origin string `json:"origin"`
}

// analyze answers with the messages of all of istiod's analyzers, for each of some bundles of YAML.
//
// `istioctl analyze` without a cluster leaves out the third of them that look at namespaces, pods or
// services: it does not read those from files. Here they are read, as istiod's own tests do.
func analyze(question []byte) (any, error) {
	var bundles []string
	if err := json.Unmarshal(question, &bundles); err != nil {
		return nil, fmt.Errorf("cannot read the bundles: %w", err)
	}
	answers := make([][]Message, len(bundles))
	for number, bundle := range bundles {
		found, err := messages(bundle)
		if err != nil {
			return nil, fmt.Errorf("the analyzers cannot read bundle %d: %w", number, err)
		}
		answers[number] = found
	}
	return answers, nil
}

func messages(bundle string) ([]Message, error) {
	analyzer := local.NewSourceAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	source := local.ReaderSource{Name: "bundle.yaml", Reader: bytes.NewBufferString(bundle)}
	if err := analyzer.AddTestReaderKubeSource([]local.ReaderSource{source}); err != nil {
		return nil, err
	}
	if err := analyzer.AddDefaultResources(); err != nil {
		return nil, err
	}
	cancel := make(chan struct{})
	defer close(cancel)
	result, err := analyzer.Analyze(cancel)
	if err != nil {
		return nil, err
	}
	if len(result.SkippedAnalyzers) > 0 {
		return nil, fmt.Errorf("left out: %v", result.SkippedAnalyzers)
	}
	found := make([]Message, 0, len(result.Messages))
	for _, one := range result.Messages {
		said := Message{Code: one.Type.Code(), Level: one.Type.Level().String(), Text: fmt.Sprintf(one.Type.Template(), one.Parameters...)}
		if one.Resource != nil {
			said.Origin = one.Resource.Origin.FriendlyName()
		}
		found = append(found, said)
	}
	return found, nil
}
