package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// What a state holds beside the live object, under the names that the
	// official provider gives them, so that either reads the other's state.
	keyInputs       = "__inputs"
	keyAPIVersion   = "__initialApiVersion"
	keyFieldManager = "__fieldManager"

	annotationAutonamed    = "pulumi.com/autonamed"
	annotationSkipAwait    = "pulumi.com/skipAwait"
	annotationTimeout      = "pulumi.com/timeoutSeconds"
	annotationPatchForce   = "pulumi.com/patchForce"
	annotationFieldManager = "pulumi.com/patchFieldManager"
	annotationPropagation  = "pulumi.com/deletionPropagationPolicy"
)

// toObject turns a value into what JSON holds. Whole numbers become integers,
// as the API's own decoder makes them. Unknown values are left out.
func toObject(v property.Value) any {
	switch {
	case v.IsBool():
		return v.AsBool()
	case v.IsNumber():
		if n := v.AsNumber(); n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n)
		}
		return v.AsNumber()
	case v.IsString():
		return v.AsString()
	case v.IsArray():
		array := v.AsArray()
		elements := make([]any, 0, array.Len())
		for _, element := range array.All {
			elements = append(elements, toObject(element))
		}
		return elements
	case v.IsMap():
		fields := map[string]any{}
		for key, value := range v.AsMap().All {
			if !value.IsComputed() && !value.IsNull() {
				fields[dashed(key)] = toObject(value)
			}
		}
		return fields
	}
	return nil
}

func fromObject(v any) property.Value {
	switch v := v.(type) {
	case map[string]any:
		fields := make(map[string]property.Value, len(v))
		for key, value := range v {
			if value != nil {
				fields[underscored(key)] = fromObject(value)
			}
		}
		return property.New(property.NewMap(fields))
	case []any:
		elements := make([]property.Value, len(v))
		for i, element := range v {
			elements[i] = fromObject(element)
		}
		return property.New(elements)
	case int64:
		return property.New(float64(v))
	case float64:
		return property.New(v)
	case bool:
		return property.New(v)
	case string:
		return property.New(v)
	case nil:
		return property.Value{}
	}
	return property.New(fmt.Sprint(v))
}

// The SDK writes the field names x-kubernetes-* with underscores.
func dashed(key string) string {
	if strings.HasPrefix(key, "x_kubernetes_") {
		return strings.ReplaceAll(key, "_", "-")
	}
	return key
}

func underscored(key string) string {
	if strings.HasPrefix(key, "x-kubernetes-") {
		return strings.ReplaceAll(key, "-", "_")
	}
	return key
}

// inputObject is the object that inputs describe.
func inputObject(inputs property.Map) *unstructured.Unstructured {
	fields := toObject(property.New(inputs)).(map[string]any)
	for key := range fields {
		if strings.HasPrefix(key, "__") {
			delete(fields, key)
		}
	}
	return &unstructured.Unstructured{Object: fields}
}

// savedInputs are the inputs that a state was made from.
func savedInputs(state property.Map) property.Map {
	if saved := state.Get(keyInputs); saved.IsMap() {
		return saved.AsMap()
	}
	return property.Map{}
}

// kindOf reads the kind from a type token such as kubernetes:apps/v1:Deployment.
func kindOf(token string) (schema.GroupVersionKind, error) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || parts[0] != name || parts[2] == "" {
		return schema.GroupVersionKind{}, fmt.Errorf(
			"type %q is not of the form kubernetes:<group>/<version>:<kind>", token)
	}
	group, version, found := strings.Cut(parts[1], "/")
	if !found {
		return schema.GroupVersionKind{}, fmt.Errorf("type %q names no version; it must be kubernetes:<group>/<version>:<kind>", token)
	}
	if group == "core" {
		group = ""
	}
	return schema.GroupVersionKind{Group: group, Version: version, Kind: parts[2]}, nil
}

// gvkOf takes the kind from the object, or from the type token where the
// object does not say.
func gvkOf(urn resource.URN, object *unstructured.Unstructured) (schema.GroupVersionKind, error) {
	if gvk := object.GroupVersionKind(); gvk.Kind != "" && gvk.Version != "" {
		return gvk, nil
	}
	return kindOf(string(urn.Type()))
}

func idOf(object *unstructured.Unstructured) string {
	if namespace := object.GetNamespace(); namespace != "" {
		return namespace + "/" + object.GetName()
	}
	return object.GetName()
}

func parseID(id string) (namespace, name string) {
	if namespace, name, found := strings.Cut(id, "/"); found {
		return namespace, name
	}
	return "", id
}

func annotation(inputs property.Map, key string) string {
	annotations := field(field(property.New(inputs), "metadata"), "annotations")
	if v := field(annotations, key); v.IsString() {
		return v.AsString()
	}
	return ""
}

// field is a field of a map, or null.
func field(v property.Value, key string) property.Value {
	if v.IsMap() {
		return v.AsMap().Get(key)
	}
	return property.Value{}
}

// checkpoint is the state of an object: the live object, its inputs, and what
// the next operation needs.
func checkpoint(live *unstructured.Unstructured, inputs property.Map, apiVersion, fieldManager string) property.Map {
	state := conceal(fromObject(live.Object), property.New(inputs)).AsMap()
	return state.
		Set(keyInputs, conceal(property.New(inputs), property.New(inputs))).
		Set(keyAPIVersion, property.New(apiVersion)).
		Set(keyFieldManager, property.New(fieldManager))
}

// conceal makes secret what came from secret inputs, and the data of every
// Secret.
func conceal(out, in property.Value) property.Value {
	if !out.IsMap() {
		return out
	}
	fields := out.AsMap()
	if kind := fields.Get("kind"); kind.IsString() && kind.AsString() == "Secret" {
		for _, key := range []string{"data", "stringData"} {
			if v := fields.Get(key); !v.IsNull() {
				fields = fields.Set(key, v.WithSecret(true))
			}
		}
		return property.WithGoValue(out, fields)
	}
	if !in.IsMap() {
		return out
	}
	for key, value := range in.AsMap().All {
		ours, found := fields.GetOk(key)
		switch {
		case !found:
		case value.Secret():
			fields = fields.Set(key, ours.WithSecret(true))
		case ours.IsMap() && value.IsMap():
			fields = fields.Set(key, conceal(ours, value))
		case value.HasSecrets():
			fields = fields.Set(key, ours.WithSecret(true))
		}
	}
	return property.WithGoValue(out, fields)
}
