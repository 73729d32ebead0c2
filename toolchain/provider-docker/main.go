// Command pulumi-resource-docker is the docker provider plugin of Pulumi, made
// for hosts that cannot download the official one.
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

//go:generate go test -tags no_compose -run TestSchemaIsCurrent . -update

// schema is what GetSchema answers, kept as a file so that a start of the plugin
// does not pay for making it. TestSchemaIsCurrent compares it with resources.go.
//
//go:embed schema.json
var schema []byte

func main() {
	// What fails is an error of the resource's own; the Terraform library's log would say it a second time.
	if variable := "TF_LOG_SDK_HELPER_SCHEMA"; os.Getenv("TF_LOG") == "" && os.Getenv(variable) == "" {
		_ = os.Setenv(variable, "off")
	}
	info, err := providerInfo()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tfbridge.Main(packageName, version, info, schema)
}
