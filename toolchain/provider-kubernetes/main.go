// pulumi-resource-kubernetes is a Pulumi provider plugin for the package
// @pulumi/kubernetes: objects of any kind, by server-side apply.
package main

import (
	"context"
	"fmt"
	"os"
)

const (
	name    = "kubernetes"
	version = "4.34.2"
)

func main() {
	if err := newProvider().Run(context.Background(), name, version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
