// pulumi-resource-kubernetes is a Pulumi provider plugin for the package
// @pulumi/kubernetes: objects of any kind, by server-side apply.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
)

const (
	name    = "kubernetes"
	version = "4.34.2"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := heed(ctx, os.Args[1:], cancel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := newProvider().Run(ctx, name, version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// heed calls gone when the engine, whose address is the last argument, answers no more: a killed engine ends no plugin. The framework's own
// watch cancels a context that nothing waits for (pulumi/pkg v3.220.0, resource/provider/main.go).
func heed(ctx context.Context, args []string, gone context.CancelFunc) error {
	if len(args) == 0 {
		return nil
	}
	return rpcutil.Healthcheck(ctx, args[len(args)-1], 10*time.Second, gone)
}
