// Command istiod asks istiod's own code, without a cluster.
//
//	istiod listeners ANSWER    the listeners that it would send to the proxies of small clusters
//	istiod analyze ANSWER      what its analyzers say of bundles
//
// The question is JSON on standard input. The answer goes to the file that is named, because istiod
// logs to standard output. Every listener and every message is made by istiod's code; nothing of it is
// written here. What is not part of the question (clusters, endpoints, secrets) is left to whoever runs
// the proxies.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/core"
	"istio.io/istio/pilot/pkg/security/authn"
	"istio.io/istio/pkg/cluster"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/host"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/protocol"
	"istio.io/istio/pkg/test"
)

// Port is a port of a workload's pods, and what its Service says that it speaks.
type Port struct {
	Number   int    `json:"number"`
	Protocol string `json:"protocol"`
}

// Workload is a kind of pods, at one address of its own.
type Workload struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	Account   string            `json:"account"`
	Address   string            `json:"address"`
	Gateway   bool              `json:"gateway"`
	Ports     []Port            `json:"ports"`
	Asked     []uint32          `json:"asked"`
}

// Cluster is all that istiod is told.
type Cluster struct {
	TrustDomain   string     `json:"trustDomain"`
	Aliases       []string   `json:"trustDomainAliases"`
	RootNamespace string     `json:"rootNamespace"`
	Manifests     string     `json:"manifests"`
	Workloads     []Workload `json:"workloads"`
}

// Proxy is the answer for one workload: its listeners, its routes, and the mode of mutual TLS per port asked for.
type Proxy struct {
	Name      string            `json:"name"`
	Modes     map[uint32]string `json:"modes"`
	Listeners []json.RawMessage `json:"listeners"`
	Routes    []json.RawMessage `json:"routes,omitempty"`
}

var verbs = map[string]func([]byte) (any, error){"listeners": listeners, "analyze": analyze}

func main() {
	if len(os.Args) != 3 || verbs[os.Args[1]] == nil {
		log.Fatal("usage: istiod listeners|analyze ANSWER < QUESTION")
	}
	question, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := verbs[os.Args[1]](question)
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], text, 0o600); err != nil {
		log.Fatal(err)
	}
}

// listeners answers with the proxies of each of some clusters: mesh settings, workloads, and Istio's
// own objects as YAML.
func listeners(question []byte) (any, error) {
	var clusters []Cluster
	if err := json.Unmarshal(question, &clusters); err != nil {
		return nil, fmt.Errorf("cannot read the clusters: %w", err)
	}
	answers := make([][]Proxy, len(clusters))
	for number, asked := range clusters {
		if err := test.Wrap(func(t test.Failer) { answers[number] = proxies(t, asked) }); err != nil {
			return nil, fmt.Errorf("istiod refuses cluster %d: %w", number, err)
		}
	}
	return answers, nil
}

func proxies(t test.Failer, asked Cluster) []Proxy {
	settings := mesh.DefaultMeshConfig()
	settings.TrustDomain = asked.TrustDomain
	settings.TrustDomainAliases = asked.Aliases
	settings.RootNamespace = asked.RootNamespace
	options := core.TestOptions{MeshConfig: settings, ConfigString: asked.Manifests}
	for _, workload := range asked.Workloads {
		if len(workload.Ports) > 0 && !workload.Gateway {
			options.Services = append(options.Services, service(workload))
			options.Instances = append(options.Instances, instances(workload, options.Services[len(options.Services)-1])...)
		}
	}
	pilot := core.NewConfigGenTest(t, options)
	// Keys come with the RequestAuthentication; nothing is fetched.
	pilot.PushContext().JwtKeyResolver = model.NewJwksResolver(
		model.JwtPubKeyEvictionDuration, model.JwtPubKeyRefreshInterval,
		model.JwtPubKeyRefreshIntervalOnFailure, model.JwtPubKeyRetryInterval)
	defer pilot.PushContext().JwtKeyResolver.Close()
	answers := make([]Proxy, 0, len(asked.Workloads))
	for _, workload := range asked.Workloads {
		answers = append(answers, answer(t, pilot, workload))
	}
	return answers
}

func service(workload Workload) *model.Service {
	made := &model.Service{
		Hostname:   host.Name(fmt.Sprintf("%s.%s.svc.%s", workload.Name, workload.Namespace, constants.DefaultClusterLocalDomain)),
		Resolution: model.ClientSideLB,
		Attributes: model.ServiceAttributes{Name: workload.Name, Namespace: workload.Namespace, LabelSelectors: workload.Labels},
	}
	for _, port := range workload.Ports {
		spoken := protocol.Parse(port.Protocol)
		made.Ports = append(made.Ports, &model.Port{Name: fmt.Sprintf("port-%d", port.Number), Port: port.Number, Protocol: spoken})
	}
	return made
}

func instances(workload Workload, made *model.Service) []*model.ServiceInstance {
	found := make([]*model.ServiceInstance, 0, len(made.Ports))
	for _, port := range made.Ports {
		endpoint := &model.IstioEndpoint{
			Addresses: []string{workload.Address}, EndpointPort: uint32(port.Port), ServicePortName: port.Name,
			Labels: workload.Labels, Namespace: workload.Namespace, ServiceAccount: workload.Account,
			WorkloadName: workload.Name,
		}
		found = append(found, &model.ServiceInstance{Service: made, ServicePort: port, Endpoint: endpoint})
	}
	return found
}

func answer(t test.Failer, pilot *core.ConfigGenTest, workload Workload) Proxy {
	kind := model.SidecarProxy
	if workload.Gateway {
		kind = model.Router
	}
	proxy := pilot.SetupProxy(&model.Proxy{
		Type: kind, ID: workload.Name + "." + workload.Namespace, ConfigNamespace: workload.Namespace,
		IPAddresses: []string{workload.Address}, Labels: workload.Labels,
		Metadata: &model.NodeMetadata{
			Labels: workload.Labels, Namespace: workload.Namespace, ServiceAccount: workload.Account,
			ClusterID: cluster.ID("Kubernetes"), IstioVersion: "1.30.3", WorkloadName: workload.Name,
		},
	})
	found := Proxy{Name: workload.Name, Modes: map[uint32]string{}}
	modes := authn.NewMtlsPolicy(pilot.PushContext(), pilot.PushContext().AuthnPolicies, workload.Namespace, workload.Labels, false)
	for _, port := range workload.Asked {
		found.Modes[port] = strings.ToUpper(modes.GetMutualTLSModeForPort(port).String())
	}
	inbound := []*listener.Listener{}
	for _, one := range pilot.Listeners(proxy) {
		if workload.Gateway || one.GetName() == model.VirtualInboundListenerName {
			inbound = append(inbound, one)
			found.Listeners = append(found.Listeners, printed(t, one))
		}
	}
	if workload.Gateway {
		for _, route := range pilot.RoutesFromListeners(proxy, inbound) {
			found.Routes = append(found.Routes, printed(t, route))
		}
	}
	return found
}

func printed(t test.Failer, message proto.Message) json.RawMessage {
	text, err := protojson.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
