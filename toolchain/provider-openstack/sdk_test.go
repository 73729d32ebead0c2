package main

import (
	"encoding/json"
	"io/fs"
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
// nothing about what the cloud makes of the values.

// sdkFolder is the npm package as `npm ci` in the checkout's root installs it.
const sdkFolder = "../../node_modules/@pulumi/openstack"

// forTerraform is a function of the bridge's own that is not meant for programs; the SDK is older than it.
const forTerraform = "pulumi:providers:openstack/terraformConfig"

// property is one property of an interface: its type in the spelling of typeScript, and whether it may be left out.
type property struct {
	Type     string
	Optional bool
}

// declaration is one interface: property by name.
type declaration map[string]property

var (
	comment    = regexp.MustCompile(`/\*[\s\S]*?\*/`)
	mapType    = regexp.MustCompile(`\{\s*\[key: string\]: ([^;{}]*);\s*\}`)
	namespace  = regexp.MustCompile(`^export declare namespace (\w+) \{$`)
	opening    = regexp.MustCompile(`^(?:    |export )(?:declare class|interface) (\w+)[^{]*\{$`)
	member     = regexp.MustCompile(`^ {4,8}(?:readonly )?(\w+)(\??): (.*);$`)
	output     = regexp.MustCompile(`^pulumi\.Output<(.*)>$`)
	input      = regexp.MustCompile(`pulumi\.Input<([^<>]*)>`)
	noValue    = regexp.MustCompile(` \| undefined\b`)
	direction  = regexp.MustCompile(`\b(?:inputs|outputs)\.`)
	pulumiType = regexp.MustCompile(`__pulumiType = '(openstack:[^']+)'`)
	invoked    = regexp.MustCompile(`runtime\.invoke\("(openstack:[^"]+)"`)
	secrets    = regexp.MustCompile(`additionalSecretOutputs: \[([^\]]*)\]`)
	literal    = regexp.MustCompile(`"(\w+)"`)
	variable   = regexp.MustCompile(`(?s)"(\w+)", \{\s*get\(\) \{[^}]*?utilities\.getEnv\w*\("(\w+)"\)`)
)

func readSDK(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sdkFolder, name))
	if err != nil {
		t.Fatalf("The npm package @pulumi/openstack is not where this test reads it (%v): run `npm ci` in the checkout's root.", err)
	}
	return string(text)
}

// declarations reads the interfaces and classes of one type definition file; those of a namespace as "namespace.Name".
func declarations(t *testing.T, file string) map[string]declaration {
	t.Helper()
	text := comment.ReplaceAllString(readSDK(t, file), "")
	// A type may run over several lines: join them, so that one line is one property.
	for previous := ""; previous != text; {
		previous = text
		text = mapType.ReplaceAllString(text, "Map($1)")
	}
	found := map[string]declaration{}
	var current declaration
	var prefix string
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case namespace.MatchString(line):
			prefix = namespace.FindStringSubmatch(line)[1] + "."
		case opening.MatchString(line):
			current = declaration{}
			found[prefix+opening.FindStringSubmatch(line)[1]] = current
		case line == "}":
			current, prefix = nil, ""
		case line == "    }":
			current = nil
		case current != nil && member.MatchString(line):
			part := member.FindStringSubmatch(line)
			current[part[1]] = plain(part[3], part[2] == "?")
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
	text = direction.ReplaceAllString(text, "")
	// Terraform keeps strings in a map that says no type, and the plugin makes strings of what comes. The SDK is
	// of a time when such a map was open to anything.
	text = strings.ReplaceAll(text, "Map(any)", "Map(string)")
	return property{Type: text, Optional: optional}
}

// typeScript spells a type of the schema as the SDK does.
func typeScript(spec pschema.TypeSpec) string {
	switch {
	case spec.Ref != "":
		return typeName(spec.Ref)
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

// typeName is "networking.PortBinding" for "#/types/openstack:networking/PortBinding:PortBinding".
func typeName(token string) string {
	_, rest, _ := strings.Cut(token, packageName+":")
	module, rest, _ := strings.Cut(rest, "/")
	_, name, _ := strings.Cut(rest, ":")
	return module + "." + upperFirst(name)
}

// lastName is "Port" of "openstack:networking/port:Port".
func lastName(token string) string {
	return token[strings.LastIndex(token, ":")+1:]
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

// nodeRequired is what the schema calls required for the SDK of Node in particular, where it does:
// a type that serves as input and output may have more properties that always come than ones that must be given.
func nodeRequired(t *testing.T, object pschema.ComplexTypeSpec, direction string) []string {
	t.Helper()
	var node map[string]json.RawMessage
	if raw, given := object.Language["nodejs"]; given {
		if err := json.Unmarshal(raw, &node); err != nil {
			t.Fatal(err)
		}
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
	for _, name := range sorted(names) {
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
		return "optional " + p.Type
	}
	return "required " + p.Type
}

func sorted[V any](of map[string]V) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// tokensInSDK collects what a pattern finds in every file of the SDK: the file by token, without its ending.
func tokensInSDK(t *testing.T, pattern *regexp.Regexp, least int) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(sdkFolder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".js") {
			return err
		}
		name, err := filepath.Rel(sdkFolder, path)
		if err != nil {
			return err
		}
		for _, match := range pattern.FindAllStringSubmatch(readSDK(t, name), -1) {
			found[match[1]] = strings.TrimSuffix(name, ".js")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("The npm package @pulumi/openstack cannot be read (%v): run `npm ci` in the checkout's root.", err)
	}
	if len(found) < least {
		t.Fatalf("Only %d tokens were found in the SDK: this test no longer knows how to read it.", len(found))
	}
	return found
}

// TestResourcesAreTheSDKs compares every resource of the SDK: outputs, inputs, and the state that Resource.get takes.
func TestResourcesAreTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	wanted := tokensInSDK(t, pulumiType, 100)
	for token := range spec.Resources {
		if wanted[token] == "" {
			t.Errorf("The plugin has a resource %s that the SDK lacks.", token)
		}
	}
	for _, token := range sorted(wanted) {
		resource, mapped := spec.Resources[token]
		if !mapped {
			t.Errorf("The SDK has a resource %s that the plugin lacks.", token)
			continue
		}
		file, name := wanted[token], lastName(token)
		sdk := declarations(t, file+".d.ts")
		compare(t, file, fromSchema(resource.Properties, resource.Required), sdk[name])
		compare(t, file+"Args", fromSchema(resource.InputProperties, resource.RequiredInputs), sdk[name+"Args"])
		if resource.StateInputs != nil {
			compare(t, file+"State", fromSchema(resource.StateInputs.Properties, nil), sdk[name+"State"])
		}
	}
}

// TestFunctionsAreTheSDKs compares every data source of the SDK: arguments and result.
func TestFunctionsAreTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	wanted := tokensInSDK(t, invoked, 50)
	for token := range spec.Functions {
		if wanted[token] == "" && token != forTerraform {
			t.Errorf("The plugin has a data source %s that the SDK lacks.", token)
		}
	}
	for _, token := range sorted(wanted) {
		function, mapped := spec.Functions[token]
		if !mapped {
			t.Errorf("The SDK has a data source %s that the plugin lacks.", token)
			continue
		}
		file := wanted[token]
		sdk := declarations(t, file+".d.ts")
		upper := upperFirst(lastName(token))
		if function.Inputs != nil {
			compare(t, file+"Args", fromSchema(function.Inputs.Properties, function.Inputs.Required), sdk[upper+"Args"])
		} else if sdk[upper+"Args"] != nil {
			t.Errorf("%s takes arguments in the SDK, none in the plugin.", token)
		}
		if function.ReturnType == nil || function.ReturnType.ObjectTypeSpec == nil {
			t.Errorf("%s returns nothing in the plugin.", token)
			continue
		}
		result := function.ReturnType.ObjectTypeSpec
		compare(t, file+"Result", fromSchema(result.Properties, result.Required), sdk[upper+"Result"])
	}
}

// TestNestedTypesAreTheSDKs compares every object type that a resource or data source refers to.
func TestNestedTypesAreTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	inputs := declarations(t, "types/input.d.ts")
	outputs := declarations(t, "types/output.d.ts")
	if len(inputs) < 50 || len(outputs) < 50 {
		t.Fatalf("Only %d and %d types were found in the SDK: this test no longer knows how to read it.", len(inputs), len(outputs))
	}
	mapped := map[string]bool{}
	for _, token := range sorted(spec.Types) {
		object := spec.Types[token]
		name := typeName(token)
		mapped[name] = true
		want, given := inputs[name]
		if plainInput := inputs[name+"Args"]; plainInput != nil {
			// What a data source takes is there twice: with and without values of other resources.
			mapped[name+"Args"] = true
			compare(t, "input."+name+"Args", fromSchema(object.Properties, nodeRequired(t, object, "requiredInputs")), plainInput)
		}
		if given {
			compare(t, "input."+name, fromSchema(object.Properties, nodeRequired(t, object, "requiredInputs")), want)
		}
		if want, returned := outputs[name]; returned {
			compare(t, "output."+name, fromSchema(object.Properties, nodeRequired(t, object, "requiredOutputs")), want)
		} else if !given {
			t.Errorf("The plugin has a type %s that the SDK lacks.", name)
		}
	}
	for _, types := range []map[string]declaration{inputs, outputs} {
		for _, name := range sorted(types) {
			if !mapped[name] {
				t.Errorf("The SDK has a type %s that the plugin lacks.", name)
			}
		}
	}
}

// TestProviderIsTheSDKs compares the provider's own arguments, and the variables of the environment behind them.
func TestProviderIsTheSDKs(t *testing.T) {
	spec := servedSchema(t)
	sdk := declarations(t, "provider.d.ts")
	compare(t, "ProviderArgs", fromSchema(spec.Provider.InputProperties, spec.Provider.RequiredInputs), sdk["ProviderArgs"])

	want := map[string]string{}
	for _, match := range variable.FindAllStringSubmatch(readSDK(t, "config/vars.js"), -1) {
		want[match[1]] = match[2]
	}
	if len(want) < 5 {
		t.Fatalf("Only %d variables were found in the SDK: this test no longer knows how to read it.", len(want))
	}
	for name, spec := range spec.Provider.InputProperties {
		have := ""
		if spec.DefaultInfo != nil {
			have = strings.Join(spec.DefaultInfo.Environment, ", ")
		}
		if have != want[name] {
			t.Errorf("ProviderArgs.%s: from %q in the plugin, from %q in the SDK.", name, have, want[name])
		}
	}
}

// TestSecretsAreTheSDKs compares which outputs are secret whatever the program says.
func TestSecretsAreTheSDKs(t *testing.T) {
	files := tokensInSDK(t, pulumiType, 100)
	for token, resource := range servedSchema(t).Resources {
		var have, want []string
		for name, spec := range resource.Properties {
			if spec.Secret {
				have = append(have, name)
			}
		}
		for _, list := range secrets.FindAllStringSubmatch(readSDK(t, files[token]+".js"), -1) {
			for _, word := range literal.FindAllStringSubmatch(list[1], -1) {
				want = append(want, word[1])
			}
		}
		sort.Strings(have)
		sort.Strings(want)
		if !slices.Equal(have, want) {
			t.Errorf("%s: %q are secret in the plugin, %q in the SDK.", token, have, want)
		}
	}
}
