{{- define "tenant.metadata" -}}
metadata:
  name: {{ .name }}
  namespace: {{ .root.Values.tenant }}
  labels:
    app.kubernetes.io/managed-by: meshgen
    meshgen.dev/bundle: {{ .root.Values.bundle | quote }}
  annotations:
    meshgen.dev/profile: {{ .root.Values.tenant | quote }}
    meshgen.dev/version: {{ .root.Values.version | quote }}
{{- end -}}

{{- define "tenant.networkpolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "tenant.metadata" . }}
{{- end -}}

{{- define "tenant.namespace" -}}
namespaceSelector:
  matchLabels: {kubernetes.io/metadata.name: {{ . }}}
{{- end -}}
