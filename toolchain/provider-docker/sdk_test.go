package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	pschema "github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// The tests below compare names, types and optionality with the type definitions of
// the npm package that programs are written against. They prove that a program which
// compiles sends what this plugin understands and reads what it answers; they say
// nothing about what the daemon makes of the values.

// sdkFolder is the npm package as `npm ci` in the checkout's root installs it.
const sdkFolder = "../../node_modules/@pulumi/docker"

// nativeImage is the one resource of the SDK that is no Terraform resource: see README.md.
const nativeImage = "docker:index/image:Image"

// property is one property of an interface: its type in the spelling of typeScript, and whether it may be left out.
type property struct {
	Type     string
	Optional bool
}

// declaration is one interface: property by name.
type declaration map[string]property

var (
	opening  = regexp.MustCompile(`^export (?:declare class|interface) (\w+)[^{]*\{$`)
	member   = regexp.MustCompile(`^    (?:readonly )?(\w+)(\??): (.*)$`)
	output   = regexp.MustCompile(`^pulumi\.Output<(.*)>$`)
	input    = regexp.MustCompile(`pulumi\.Input<([^<>]*)>`)
	mapType  = regexp.MustCompile(`\{\s*\[key: string\]: ([^;{}]*);\s*\}`)
	quoted   = regexp.MustCompile(`/\*[\s\S]*?\*/`)
	noValue  = regexp.MustCompile(` \| undefined\b`)
	tokenRow = regexp.MustCompile(`case "(docker:[^"]+)"`)
	invoked  = regexp.MustCompile(`runtime\.invoke\("(docker:[^"]+)"`)
	method   = regexp.MustCompile(`runtime\.call\("([^"]+)"`)
	secrets  = regexp.MustCompile(`additionalSecretOutputs: \[([^\]]*)\]`)
	literal  = regexp.MustCompile(`"(\w+)"`)
)

func readSDK(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sdkFolder, name))
	if err != nil {
		t.Fatalf("The npm package @pulumi/docker is not where this test reads it (%v): run `npm ci` in the checkout's root.", err)
	}
	return string(text)
}

// declarations reads the interfaces and classes of one type definition file.
func declarations(t *testing.T, file string) map[string]declaration {
	t.Helper()
	text := quoted.ReplaceAllString(readSDK(t, file), "")
	// A type may run over several lines: join them, so that one line is one property.
	for previous := ""; previous != text; {
		previous = text
		text = mapType.ReplaceAllString(text, "Map($1)")
	}
	found := map[string]declaration{}
	var current declaration
	for _, line := range strings.Split(text, "\n") {
		switch {
		case opening.MatchString(line):
			current = declaration{}
			found[opening.FindStringSubmatch(line)[1]] = current
		case line == "}":
			current = nil
		case current != nil && member.MatchString(line):
			part := member.FindStringSubmatch(line)
			current[part[1]] = plain(strings.TrimSuffix(part[3], ";"), part[2] == "?")
		}
	}
	return found
}

// plain takes what Pulumi wraps around a type off it.
func plain(text string, optional bool) property {
	if whole := output.FindStringSubmatch(text); whole != nil {
		text = whole[1]
		optional = noValue.MatchString(text)
	}
	for previous := ""; previous != text; {
		previous = text
		text = noValue.ReplaceAllString(text, "")
		text = input.ReplaceAllString(text, "$1")
	}
	text = strings.NewReplacer("inputs.", "", "outputs.", "", "config.", "").Replace(text)
	return property{Type: text, Optional: optional}
}

// typeScript spells a type of the schema as the SDK does.
func typeScript(spec pschema.TypeSpec) string {
	switch {
	case spec.Ref != "":
		return upperFirst(spec.Ref[strings.LastIndex(spec.Ref, ":")+1:])
	case spec.Type == "array":
		return typeScript(*spec.Items) + "[]"
	case spec.Type == "object" && spec.AdditionalProperties != nil:
		return "Map(" + typeScript(*spec.AdditionalProperties) + ")"
	case spec.Type == "integer":
		return "number"
	default:
		return spec.Type
	}
}

// nodeRequired is what the schema calls required for the SDK of Node in particular, where it does:
// a type that serves as input and output may have more properties that always come than ones that must be given.
func nodeRequired(t *testing.T, object pschema.ComplexTypeSpec, direction string) []string {
	t.Helper()
	raw, given := object.Language["nodejs"]
	if !given {
		return object.Required
	}
	var node map[string]json.RawMessage
	if err := json.Unmarshal(raw, &node); err != nil {
		t.Fatal(err)
	}
	text, given := node[direction]
	if !given {
		return object.Required
	}
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		t.Fatal(err)
	}
	return names
}

// upperFirst is the spelling of a type's name in the SDK.
func upperFirst(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}

// fromSchema turns properties of the schema into a declaration.
func fromSchema(properties map[string]pschema.PropertySpec, required []string) declaration {
	result := declaration{}
	for name, spec := range properties {
		result[name] = property{Type: typeScript(spec.TypeSpec), Optional: !slices.Contains(required, name)}
	}
	return result
}

// compare reports every difference between what the plugin has and what the SDK wants.
func compare(t *testing.T, what string, have, want declaration) {
	t.Helper()
	if want == nil {
		t.Errorf("The SDK has no type %s.", what)
		return
	}
	names := map[string]bool{}
	for name := range have {
		names[name] = true
	}
	for name := range want {
		names[name] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	for _, name := range sorted {
		ours, mapped := have[name]
		theirs, known := want[name]
		switch {
		case !mapped:
			t.Errorf("%s.%s: the SDK has it (%s), the plugin does not.", what, name, theirs)
		case !known:
			t.Errorf("%s.%s: the plugin has it (%s), the SDK does not.", what, name, ours)
		case ours != theirs:
			t.Errorf("%s.%s: %s in the plugin, %s in the SDK.", what, name, ours, theirs)
		}
	}
}

func (p property) String() string {
	if p.Optional {
		return fmt.Sprintf("optional %s", p.Type)
	}
	return fmt.Sprintf("required %s", p.Type)
}

// parts is "remoteImage", "RemoteImage" of "docker:index/remoteImage:RemoteImage".
func parts(t *testing.T, token string) (file, name string) {
	t.Helper()
	_, rest, _ := strings.Cut(token, "/")
	file, name, found := strings.Cut(rest, ":")
	if !found {
		t.Fatalf("The token %q is not of the form package:module/file:Name.", token)
	}
	return file, name
}

// TestResourcesAreTheSDKs compares every resource of the SDK: outputs, inputs, and the state that Resource.get takes.
func TestResourcesAreTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	wanted := map[string]bool{}
	for _, match := range tokenRow.FindAllStringSubmatch(readSDK(t, "index.js"), -1) {
		wanted[match[1]] = true
	}
	if !wanted[nativeImage] {
		t.Errorf("The SDK no longer has %s: take it out of this test and of README.md.", nativeImage)
	}
	delete(wanted, nativeImage)
	if len(wanted) < 10 {
		t.Fatalf("Only %d resources were found in the SDK's index.js: this test no longer knows how to read it.", len(wanted))
	}
	for token := range spec.Resources {
		if !wanted[token] {
			t.Errorf("The plugin has a resource %s that the SDK lacks.", token)
		}
	}
	for token := range wanted {
		resource, mapped := spec.Resources[token]
		if !mapped {
			t.Errorf("The SDK has a resource %s that the plugin lacks.", token)
			continue
		}
		file, name := parts(t, token)
		sdk := declarations(t, file+".d.ts")
		compare(t, name, fromSchema(resource.Properties, resource.Required), sdk[name])
		compare(t, name+"Args", fromSchema(resource.InputProperties, resource.RequiredInputs), sdk[name+"Args"])
		if resource.StateInputs != nil {
			compare(t, name+"State", fromSchema(resource.StateInputs.Properties, nil), sdk[name+"State"])
		}
	}
}

// TestFunctionsAreTheSDKs compares every data source of the SDK: arguments and result.
func TestFunctionsAreTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	files, err := filepath.Glob(filepath.Join(sdkFolder, "get*.js"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 {
		t.Fatalf("Only %d data sources were found in %s: run `npm ci` in the checkout's root.", len(files), sdkFolder)
	}
	wanted := map[string]bool{}
	for _, file := range files {
		match := invoked.FindStringSubmatch(readSDK(t, filepath.Base(file)))
		if match == nil {
			t.Fatalf("%s invokes nothing: this test no longer knows how to read it.", file)
		}
		token := match[1]
		wanted[token] = true
		function, mapped := spec.Functions[token]
		if !mapped {
			t.Errorf("The SDK has a data source %s that the plugin lacks.", token)
			continue
		}
		name, _ := parts(t, token)
		sdk := declarations(t, name+".d.ts")
		upper := upperFirst(name)
		compare(t, upper+"Args", fromSchema(function.Inputs.Properties, function.Inputs.Required), sdk[upper+"Args"])
		if function.ReturnType == nil || function.ReturnType.ObjectTypeSpec == nil {
			t.Errorf("%s returns nothing in the plugin.", token)
			continue
		}
		result := function.ReturnType.ObjectTypeSpec
		compare(t, upper+"Result", fromSchema(result.Properties, result.Required), sdk[upper+"Result"])
	}
	for _, call := range method.FindAllStringSubmatch(readSDK(t, "provider.js"), -1) {
		wanted[call[1]] = true
	}
	for token := range spec.Functions {
		if !wanted[token] {
			t.Errorf("The plugin has a data source %s that the SDK lacks.", token)
		}
	}
}

// TestNestedTypesAreTheSDKs compares every object type that a resource or data source refers to.
func TestNestedTypesAreTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	inputs := declarations(t, "types/input.d.ts")
	outputs := declarations(t, "types/output.d.ts")
	for token, object := range spec.Types {
		name := upperFirst(token[strings.LastIndex(token, ":")+1:])
		if strings.HasPrefix(token, "docker:config/") {
			continue // The types of `pulumi config`, which the SDK spells in a namespace of their own.
		}
		want, known := inputs[name]
		if known {
			compare(t, "input."+name, fromSchema(object.Properties, nodeRequired(t, object, "requiredInputs")), want)
		}
		if want, returned := outputs[name]; returned {
			compare(t, "output."+name, fromSchema(object.Properties, nodeRequired(t, object, "requiredOutputs")), want)
		} else if !known {
			t.Errorf("The plugin has a type %s that the SDK lacks.", name)
		}
	}
}

// TestProviderIsTheSDKs compares the provider's own arguments.
func TestProviderIsTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	sdk := declarations(t, "provider.d.ts")
	compare(t, "ProviderArgs", fromSchema(spec.Provider.InputProperties, spec.Provider.RequiredInputs), sdk["ProviderArgs"])
}

// TestSecretsAreTheSDKs compares which outputs are secret whatever the program says.
func TestSecretsAreTheSDKs(t *testing.T) {
	for token, resource := range servedSchema(t).Resources {
		var have, want []string
		for name, spec := range resource.Properties {
			if spec.Secret {
				have = append(have, name)
			}
		}
		file, name := parts(t, token)
		for _, list := range secrets.FindAllStringSubmatch(readSDK(t, file+".js"), -1) {
			for _, word := range literal.FindAllStringSubmatch(list[1], -1) {
				want = append(want, word[1])
			}
		}
		sort.Strings(have)
		sort.Strings(want)
		if !slices.Equal(have, want) {
			t.Errorf("%s: %q are secret in the plugin, %q in the SDK.", name, have, want)
		}
	}
}
