package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

const (
	packageName = "docker"
	// version is that of the npm package @pulumi/docker whose types this plugin serves.
	version = "5.2.0"
	// module is the one module of the package: docker:index/container:Container.
	module = "index"
)

// providerInfo maps the Terraform provider's resources, data sources and properties
// to the names that the npm package @pulumi/docker gives them.
//
// What is not said here follows from the bridge's own rules: snake_case becomes
// camelCase, lists get plural names, and a list of at most one item becomes the item.
func providerInfo() (tfbridge.ProviderInfo, error) {
	docker := provider.New(version)()
	shortenWaits(docker.ResourcesMap)
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(docker),
		Name:        packageName,
		Version:     version,
		DisplayName: "Docker",
		Description: "Docker containers, networks, volumes, images and Swarm services.",
		License:     "Apache-2.0",
		GitHubOrg:   "kreuzwerker",
		// Nothing to remember: no released schema of this plugin differs from the present one.
		MetadataInfo: tfbridge.NewProviderMetadata(nil),
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{
				EnvVars:        []string{"DOCKER_HOST"},
				ComputeDefault: defaultHost,
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_config": {Tok: "docker:index/serviceConfig:ServiceConfig"},
			"docker_container": {
				Tok: "docker:index/container:Container",
				// Two containers cannot hold the same name, address or port, so the old one goes first.
				DeleteBeforeReplace: true,
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok: "docker:index/remoteImage:RemoteImage",
				// An image's name says what to pull or build: it is given, never made up.
				Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}},
			},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image": {Tok: "docker:index/getRemoteImage:getRemoteImage"},
		},
	}

	// Everything else is called as in Terraform: docker_network is docker:index/network:Network.
	if err := info.ComputeTokens(tokens.SingleModule("docker_", module, tokens.MakeStandard(packageName))); err != nil {
		return info, err
	}
	// Names that the program leaves out are made from the resource's name and a random suffix.
	const longestName = 255
	info.SetAutonaming(longestName, "-")
	return info, nil
}

// defaultHost is where the daemon listens when neither the program, nor the
// environment says: the system's socket, or Docker Desktop's own where only that exists.
func defaultHost(context.Context, tfbridge.ComputeDefaultOptions) (any, error) {
	if runtime.GOOS == "windows" {
		return "npipe:////./pipe/docker_engine", nil
	}
	const system = "/var/run/docker.sock"
	sockets := []string{system}
	if home, err := os.UserHomeDir(); err == nil {
		sockets = append(sockets,
			filepath.Join(home, ".docker/run/docker.sock"),
			filepath.Join(home, ".docker/desktop/docker.sock"))
	}
	for _, socket := range sockets {
		if _, err := os.Stat(socket); err == nil {
			return "unix://" + socket, nil
		}
	}
	return "unix://" + system, nil
}
