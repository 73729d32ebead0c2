package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// check completes the inputs: kind, name, namespace.
func (k *provider) check(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
	gvk, err := gvkOf(req.Urn, inputObject(req.Inputs))
	if err != nil {
		return p.CheckResponse{}, err
	}
	if refused := unsupported(req.Urn, gvk.Kind); refused != "" {
		return p.CheckResponse{Failures: []p.CheckFailure{{Reason: refused}}}, nil
	}
	inputs := req.Inputs
	if inputs.Get("apiVersion").IsNull() {
		inputs = inputs.Set("apiVersion", property.New(gvk.GroupVersion().String()))
	}
	if inputs.Get("kind").IsNull() {
		inputs = inputs.Set("kind", property.New(gvk.Kind))
	}
	// Asked for here so that everything later knows whether there is a cluster.
	_, err = k.cluster.kind(gvk, false)
	if errors.Is(err, errUnreachable) {
		if k.settings.skipUpdateUnreachable && req.State.Len() > 0 {
			p.GetLogger(ctx).Warning("Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...")
			return p.CheckResponse{Inputs: req.State}, nil
		}
		k.unreachable(ctx, err)
	}

	metadata := inputs.Get("metadata")
	if metadata.IsComputed() {
		return p.CheckResponse{Inputs: inputs}, nil
	}
	if !metadata.IsNull() && !metadata.IsMap() {
		return p.CheckResponse{Inputs: inputs, Failures: []p.CheckFailure{{
			Property: "metadata", Reason: "metadata must be an object"}}}, nil
	}
	fields := property.Map{}
	if metadata.IsMap() {
		fields = metadata.AsMap()
	}
	if generate := fields.Get("generateName"); fields.Get("name").IsNull() && !generate.IsNull() {
		return p.CheckResponse{Inputs: inputs, Failures: []p.CheckFailure{{
			Property: "metadata.generateName",
			Reason:   "the `.metadata.generateName` field is not supported in Server-Side Apply mode",
		}}}, nil
	}
	if fields.Get("name").IsNull() {
		if fields, err = k.autoname(req, fields); err != nil {
			return p.CheckResponse{}, err
		}
	}
	switch namespaced := k.cluster.namespaced(gvk); {
	case namespaced && fields.Get("namespace").IsNull():
		fields = fields.Set("namespace", property.New(k.cluster.namespace))
	case !namespaced && !fields.Get("namespace").IsNull():
		fields = fields.Delete("namespace")
	}
	return p.CheckResponse{Inputs: inputs.Set("metadata", property.WithGoValue(metadata, fields))}, nil
}

// autoname keeps the name that was made up before, or makes one up.
func (k *provider) autoname(req p.CheckRequest, metadata property.Map) (property.Map, error) {
	annotations := metadata.Get("annotations")
	if annotations.IsComputed() {
		annotations = property.New(property.Map{})
	}
	marked := property.Map{}
	if annotations.IsMap() {
		marked = annotations.AsMap()
	}
	name := ""
	if annotation(req.State, annotationAutonamed) == "true" {
		if old := field(req.State.Get("metadata"), "name"); old.IsString() {
			name = old.AsString()
		}
	}
	if name == "" {
		var err error
		name, err = resource.NewUniqueName(req.RandomSeed, req.Urn.Name()+"-", 8, 0, nil)
		if err != nil {
			return metadata, err
		}
	}
	return metadata.
		Set("name", property.New(name)).
		Set("annotations", property.WithGoValue(annotations, marked.Set(annotationAutonamed, property.New("true")))), nil
}

// unsupported says why a kind is refused, or nothing.
func unsupported(urn resource.URN, kind string) string {
	token := string(urn.Type())
	last := token[strings.LastIndex(token, ":")+1:]
	switch {
	case strings.HasPrefix(token, "kubernetes:helm.sh/"), strings.HasPrefix(token, "kubernetes:kustomize/"),
		strings.HasPrefix(token, "kubernetes:yaml/"):
		return fmt.Sprintf("%s is not part of this provider; Helm, Kustomize and YAML components need the official plugin", token)
	case last == kind+"Patch":
		return fmt.Sprintf("%s is not part of this provider; patch resources need the official plugin", token)
	case strings.HasSuffix(kind, "List") && strings.HasSuffix(last, "List"):
		return "list resources exist for compatibility with YAML manifests and Helm charts, and cannot be created directly. " +
			"Use the underlying resource type instead"
	}
	return ""
}
