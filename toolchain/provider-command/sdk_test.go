package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// sdk is the installed npm package. Its absence fails the tests: nothing else
// proves that a program finds the names that it uses.
const sdk = "../../node_modules/@pulumi/command"

// leftOut are the package's resources that this provider does not have.
var leftOut = []string{"command:remote:CopyFile"}

var (
	token   = regexp.MustCompile(`__pulumiType = '(command:[^']+)'`)
	input   = regexp.MustCompile(`resourceInputs\["(\w+)"\] = .*args\?`)
	output  = regexp.MustCompile(`resourceInputs\["(\w+)"\] = undefined /\*out\*/`)
	invoked = regexp.MustCompile(`"(\w+)": args\.`)
	field   = regexp.MustCompile(`(?m)^ {8}(\w+)\??: pulumi\.Input<`)
)

func schemaOf(t *testing.T) schema.PackageSpec {
	t.Helper()
	response, err := newServer(t).GetSchema(p.GetSchemaRequest{})
	check(t, err)
	var spec schema.PackageSpec
	check(t, json.Unmarshal([]byte(response.Schema), &spec))
	return spec
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(sdk, name))
	if err != nil {
		t.Fatalf("the npm package @pulumi/command is needed, run npm ci: %v", err)
	}
	return string(content)
}

func names(pattern *regexp.Regexp, content string) []string {
	var found []string
	for _, match := range pattern.FindAllStringSubmatch(content, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func same(t *testing.T, what string, ours, theirs []string) {
	t.Helper()
	slices.Sort(ours)
	slices.Sort(theirs)
	if !slices.Equal(ours, theirs) {
		t.Errorf("%s: the provider has %v, the SDK has %v", what, ours, theirs)
	}
}

func TestResourcesAreTheSDKs(t *testing.T) {
	spec := schemaOf(t)
	files, err := filepath.Glob(filepath.Join(sdk, "*", "*.js"))
	check(t, err)
	var tokens []string
	for _, file := range files {
		name, err := filepath.Rel(sdk, file)
		check(t, err)
		content := read(t, name)
		found := token.FindStringSubmatch(content)
		if found == nil {
			continue
		}
		tokens = append(tokens, found[1])
		if slices.Contains(leftOut, found[1]) {
			continue
		}
		ours, known := spec.Resources[found[1]]
		if !known {
			t.Errorf("no resource %s", found[1])
			continue
		}
		// The lookup by id declares every property as an output.
		made, _, _ := strings.Cut(content, "else {")
		same(t, found[1]+" inputs", slices.Collect(maps.Keys(ours.InputProperties)), names(input, made))
		same(t, found[1]+" outputs", slices.Collect(maps.Keys(ours.Properties)), names(output, content))
	}
	same(t, "resources", append(slices.Collect(maps.Keys(spec.Resources)), leftOut...), tokens)
}

func TestFunctionIsTheSDKs(t *testing.T) {
	run := schemaOf(t).Functions["command:local:run"]
	if run.Inputs == nil {
		t.Fatal("no function command:local:run")
	}
	same(t, "command:local:run", slices.Collect(maps.Keys(run.Inputs.Properties)), names(invoked, read(t, "local/run.js")))
}

func TestConnectionIsTheSDKs(t *testing.T) {
	types := schemaOf(t).Types
	content := read(t, "types/input.d.ts")
	for _, c := range []string{"Connection", "ProxyConnection"} {
		_, after, found := strings.Cut(content, "interface "+c+"Args {")
		if !found {
			t.Fatalf("the SDK has no interface %sArgs", c)
		}
		body, _, _ := strings.Cut(after, "\n    }\n")
		same(t, c, slices.Collect(maps.Keys(types["command:remote:"+c].Properties)), names(field, body))
	}
}
