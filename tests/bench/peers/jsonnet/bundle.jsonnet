// The 12 objects of one tenant.
local object(v, apiVersion, kind, name, spec) = {
  apiVersion: apiVersion,
  kind: kind,
  metadata: {
    name: name,
    namespace: v.tenant,
    labels: { 'app.kubernetes.io/managed-by': 'meshgen', 'meshgen.dev/bundle': v.bundle },
    annotations: { 'meshgen.dev/profile': v.tenant, 'meshgen.dev/version': v.version },
  },
  spec: spec,
};

local app(name) = { matchLabels: { app: name } };
local space(name) = { matchLabels: { 'kubernetes.io/metadata.name': name } };
local isIn(key, value) = { key: key, operator: 'In', values: [value] };
local tcp(port) = { protocol: 'TCP', port: port };
local udp(port) = { protocol: 'UDP', port: port };
local from(pods, port) = [{ from: [pods], ports: [tcp(port)] }];
local to(pods, ports) = [{ to: [pods], ports: ports }];
local pods(namespace, expressions) = {
  namespaceSelector: space(namespace),
  podSelector: { matchExpressions: expressions },
};

local network(v, name, spec) = object(v, 'networking.k8s.io/v1', 'NetworkPolicy', name, { podSelector: {} } + spec);
local both = { policyTypes: ['Ingress', 'Egress'] };
local mesh(v, kind, name, spec) = object(v, 'security.istio.io/v1', kind, name, spec);
local traffic(v, kind, name, spec) = object(v, 'networking.istio.io/v1', kind, name, spec);
local allow(v, name, account, operation) = mesh(v, 'AuthorizationPolicy', 'allow-' + name, {
  selector: app(name),
  action: 'ALLOW',
  rules: [{ from: [{ source: { serviceAccounts: [account] } }], to: [{ operation: operation }] }],
});

local bundle(v) = [
  network(v, 'allow-api', both {
    podSelector: app('api'),
    ingress: from({ podSelector: app('web') }, v.port),
    egress: to({ ipBlock: { cidr: v.paymentsCidr } }, [tcp(443)]),
  }),
  network(v, 'allow-dns', {
    policyTypes: ['Egress'],
    egress: to(pods('kube-system', [isIn('k8s-app', 'kube-dns')]), [udp(53), tcp(53)]),
  }),
  network(v, 'allow-istiod', {
    policyTypes: ['Egress'],
    egress: to(pods('istio-system', [isIn('app', 'istiod')]), [tcp(15012)]),
  }),
  network(v, 'allow-prometheus', {
    policyTypes: ['Ingress'],
    ingress: from(pods('monitoring', [isIn('app.kubernetes.io/name', 'prometheus')]), 15020),
  }),
  network(v, 'allow-web', both {
    podSelector: app('web'),
    ingress: from(
      pods('istio-system', [isIn('app', 'istio-ingressgateway'), isIn('istio', 'ingressgateway')]), 8080
    ),
    egress: to({ podSelector: app('api') }, [tcp(v.port)]),
  }),
  network(v, 'default-deny', both),
  mesh(v, 'PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } }),
  allow(v, 'api', v.tenant + '/web', { methods: ['GET', 'POST'], paths: ['/v1/*'], ports: ['%d' % v.port] }),
  allow(v, 'web', 'istio-system/istio-ingressgateway-service-account', {
    hosts: [v.host, v.host + ':*'],
    methods: ['GET', 'POST'],
    ports: ['8080'],
  }),
  mesh(v, 'AuthorizationPolicy', 'default-deny', { action: 'ALLOW' }),
  traffic(v, 'ServiceEntry', 'payments', {
    hosts: [v.paymentsHost],
    location: 'MESH_EXTERNAL',
    resolution: 'DNS',
    exportTo: ['.'],
    ports: [{ number: 443, name: 'tls-443', protocol: 'TLS' }],
  }),
  traffic(v, 'Sidecar', 'default', {
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    egress: [{ hosts: ['./*', 'istio-system/*'] }],
  }),
];

// One stream of YAML for each tenant.
function(tenants) { [v.tenant + '.yaml']: std.manifestYamlStream(bundle(v), c_document_end=false) for v in tenants }
