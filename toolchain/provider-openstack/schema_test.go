package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"testing"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	pschema "github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
)

const schemaFile = "schema.json"

var update = flag.Bool("update", false, "write schema.json anew")

// TestSchemaIsCurrent proves that the embedded schema is the one that resources.go
// and the Terraform provider's module make.
func TestSchemaIsCurrent(t *testing.T) {
	want := generateSchema(t)
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Fatalf("%s is not what resources.go makes: run `go generate` and commit the file.", schemaFile)
	}
}

// generateSchema makes the schema from the mapping. It carries no descriptions:
// those are for the makers of SDKs, and the SDK is there already.
func generateSchema(t *testing.T) []byte {
	t.Helper()
	info, err := providerInfo()
	if err != nil {
		t.Fatal(err)
	}
	result, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo:    info,
		DiagnosticsSink: diag.DefaultSink(io.Discard, io.Discard, diag.FormatOptions{Color: colors.Never}),
		XInMemoryDocs:   true,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result.PackageSpec)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	text, err = json.MarshalIndent(withoutDescriptions(tree), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// withoutDescriptions drops the texts called "description"; a property of that
// name is an object, and stays.
func withoutDescriptions(tree any) any {
	switch node := tree.(type) {
	case map[string]any:
		for name, child := range node {
			if _, text := child.(string); text && (name == "description" || name == "deprecationMessage") {
				delete(node, name)
				continue
			}
			node[name] = withoutDescriptions(child)
		}
	case []any:
		for index, child := range node {
			node[index] = withoutDescriptions(child)
		}
	}
	return tree
}

// servedSchema is what GetSchema answers.
func servedSchema(t *testing.T) pschema.PackageSpec {
	t.Helper()
	var spec pschema.PackageSpec
	if err := json.Unmarshal(schema, &spec); err != nil {
		t.Fatalf("%s is no package schema: %v", schemaFile, err)
	}
	return spec
}
