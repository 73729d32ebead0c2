package main

import (
	"context"
	"regexp"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// fixed are the fields that the API server lets nobody change, per kind.
var fixed = map[schema.GroupKind][]string{
	{Group: "apps", Kind: "Deployment"}: {"spec.selector"},
	{Group: "apps", Kind: "DaemonSet"}:  {"spec.selector"},
	{Group: "apps", Kind: "ReplicaSet"}: {"spec.selector"},
	{Group: "apps", Kind: "StatefulSet"}: {
		"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates",
	},
	{Group: "batch", Kind: "Job"}:                                    {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {"roleRef"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {"roleRef"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  {"parameters", "provisioner"},
	{Kind: "PersistentVolume"}: {
		"spec.awsElasticBlockStore", "spec.azureDisk", "spec.azureFile", "spec.cephfs", "spec.cinder", "spec.csi", "spec.fc",
		"spec.flexVolume", "spec.flocker", "spec.gcePersistentDisk", "spec.glusterfs", "spec.hostPath", "spec.iscsi",
		"spec.local", "spec.nfs", "spec.photonPersistentDisk", "spec.portworxVolume", "spec.quobyte", "spec.rbd",
		"spec.scaleIO", "spec.storageos", "spec.vsphereVolume",
	},
	{Kind: "PersistentVolumeClaim"}: {"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"},
	{Kind: "Pod"}:                   {"spec"},
	{Kind: "ResourceQuota"}:         {"spec.scopes"},
	{Kind: "Service"}:               {"spec.clusterIP"},
}

// podMutable are the exceptions within a pod's spec.
var podMutable = []string{"spec.activeDeadlineSeconds", "spec.tolerations"}

// immutable lists the fields of an object that only a new object can change.
// ConfigMaps and Secrets count as immutable unless the provider is told
// otherwise, so that what reads them rolls over.
func (k *provider) immutable(gvk schema.GroupVersionKind, inputs property.Map) []string {
	fields := append([]string{"kind", "metadata.name", "metadata.namespace"}, fixed[gvk.GroupKind()]...)
	sealed := inputs.Get("immutable").IsBool() && inputs.Get("immutable").AsBool()
	switch gvk.GroupKind() {
	case schema.GroupKind{Kind: "ConfigMap"}:
		if !k.settings.configMapMutable || sealed {
			fields = append(fields, "data", "binaryData")
		}
	case schema.GroupKind{Kind: "Secret"}:
		fields = append(fields, "type")
		if !k.settings.secretMutable || sealed {
			fields = append(fields, "data", "stringData")
		}
	}
	return fields
}

// diff compares the inputs that the object was made from with the new ones. A
// refresh has put into the former what changed on the cluster since.
func (k *provider) diff(_ context.Context, req p.DiffRequest) (p.DiffResponse, error) {
	before := req.OldInputs
	if before.Len() == 0 {
		before = savedInputs(req.State)
	}
	for _, inputs := range []*property.Map{&before, &req.Inputs} {
		for key := range inputs.All {
			if strings.HasPrefix(key, "__") {
				*inputs = inputs.Delete(key)
			}
		}
	}
	gvk, err := gvkOf(req.Urn, inputObject(req.Inputs))
	if err != nil {
		return p.DiffResponse{}, err
	}
	if k.cluster != nil && k.cluster.namespaced(gvk) {
		before = withNamespace(before, k.cluster.namespace)
		req.Inputs = withNamespace(req.Inputs, k.cluster.namespace)
	}
	changes := plain(before).Diff(plain(req.Inputs))
	if changes == nil {
		return p.DiffResponse{}, nil
	}
	response := p.DiffResponse{HasChanges: true, DetailedDiff: map[string]p.PropertyDiff{}}
	immutable := k.immutable(gvk, req.Inputs)
	replace := false
	for path, change := range plugin.NewDetailedDiffFromObjectDiff(changes, true) {
		kind := map[plugin.DiffKind]p.DiffKind{
			plugin.DiffAdd: p.Add, plugin.DiffDelete: p.Delete, plugin.DiffUpdate: p.Update,
		}[change.Kind]
		if touches(path, kind, immutable, gvk) {
			kind, replace = asReplace(kind), true
		}
		response.DetailedDiff[path] = p.PropertyDiff{Kind: kind, InputDiff: true}
	}
	if len(response.DetailedDiff) == 0 {
		response.HasChanges = false
	}
	was, is := before.Get("metadata"), req.Inputs.Get("metadata")
	sameName := field(was, "name").Equals(field(is, "name")) && field(is, "name").IsString()
	sameNamespace := field(was, "namespace").Equals(field(is, "namespace"))
	autonamed := annotation(req.Inputs, annotationAutonamed) == "true"
	response.DeleteBeforeReplace = replace && sameName && sameNamespace && !autonamed
	return response, nil
}

// withNamespace writes out the namespace that an object without one is in.
func withNamespace(inputs property.Map, namespace string) property.Map {
	metadata := inputs.Get("metadata")
	if !metadata.IsMap() || !metadata.AsMap().Get("namespace").IsNull() {
		return inputs
	}
	return inputs.Set("metadata", property.WithGoValue(metadata, metadata.AsMap().Set("namespace", property.New(namespace))))
}

var index = regexp.MustCompile(`\[\d+\]`)

// touches tells whether a changed path lies within an immutable field, or
// holds one that goes or comes with it.
func touches(path string, kind p.DiffKind, immutable []string, gvk schema.GroupVersionKind) bool {
	path = index.ReplaceAllString(path, "")
	if gvk.GroupKind() == (schema.GroupKind{Kind: "Pod"}) {
		for _, mutable := range podMutable {
			if within(path, mutable) {
				return false
			}
		}
	}
	for _, field := range immutable {
		if within(path, field) || kind == p.Delete && within(field, path) {
			return true
		}
	}
	return false
}

// within tells whether a path is a field or lies below it.
func within(path, field string) bool {
	rest, found := strings.CutPrefix(path, field)
	return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
