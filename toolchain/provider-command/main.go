// pulumi-resource-command is a Pulumi provider plugin for the package
// @pulumi/command: commands on this machine and, over SSH, on others.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"hybrid-vnf/toolchain/provider-command/local"
	"hybrid-vnf/toolchain/provider-command/orphan"
	"hybrid-vnf/toolchain/provider-command/redact"
	"hybrid-vnf/toolchain/provider-command/remote"
)

const (
	name    = "command"
	version = "1.2.1"
)

func newProvider() p.Provider {
	return replaceOnTriggers(redact.Wrap(infer.Provider(infer.Options{
		Resources: []infer.InferredResource{
			infer.Resource(&local.Command{}),
			infer.Resource(&remote.Command{}),
			infer.Resource(&remote.CopyToRemote{}),
		},
		Functions: []infer.InferredFunction{infer.Function(&local.Run{})},
	})))
}

// replaceOnTriggers makes a change within the list of triggers replace the
// resource, as a new or removed list does.
func replaceOnTriggers(provider p.Provider) p.Provider {
	diff := provider.Diff
	provider.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		response, err := diff(ctx, req)
		for path, change := range response.DetailedDiff {
			if !strings.HasPrefix(path, "triggers[") {
				continue
			}
			switch change.Kind {
			case p.Add:
				change.Kind = p.AddReplace
			case p.Update:
				change.Kind = p.UpdateReplace
			case p.Delete:
				change.Kind = p.DeleteReplace
			}
			response.DetailedDiff[path] = change
		}
		return response, err
	}
	return provider
}

func main() {
	provider, end := orphan.Guard(newProvider())
	go func() {
		orphan.ParentGone()
		end()
		os.Exit(1)
	}()
	if err := provider.Run(context.Background(), name, version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
