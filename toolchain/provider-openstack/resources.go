package main

import (
	"fmt"
	"maps"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/openstack"
)

const (
	packageName = "openstack"
	// version is that of the npm package @pulumi/openstack whose types this plugin serves.
	version = "3.15.2"
)

// providerInfo maps the Terraform provider's resources, data sources and properties
// to the names that the npm package @pulumi/openstack gives them.
//
// What is not said here or in names.go follows from the bridge's own rules: snake_case
// becomes camelCase, lists get plural names, and a list of at most one item becomes the item.
func providerInfo() (tfbridge.ProviderInfo, error) {
	terraform := openstack.Provider()
	// Deprecated, and with a default: it would be warned of in every run, whoever set it or not.
	terraform.Schema["use_octavia"].Deprecated = ""
	boundRequests(terraform)
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(terraform),
		Name:        packageName,
		Version:     version,
		DisplayName: "OpenStack",
		Description: "Networks, machines, images and volumes of an OpenStack cloud.",
		License:     "Apache-2.0",
		GitHubOrg:   "terraform-provider-openstack",
		// Nothing to remember: no released schema of this plugin differs from the present one.
		MetadataInfo: tfbridge.NewProviderMetadata(nil),
		// The package wants a floating address's pool, though the Terraform provider may read it from OS_POOL_NAME.
		DisableRequiredWithDefaultTurningOptional: true,
		// The variables that the npm package reads too. The Terraform provider knows the others, OS_AUTH_URL
		// and OS_PASSWORD among them, and what it reads by itself is kept out of the state.
		Config: map[string]*tfbridge.SchemaInfo{
			"allow_reauth":  fromEnvironment("OS_ALLOW_REAUTH"),
			"cloud":         fromEnvironment("OS_CLOUD"),
			"delayed_auth":  fromEnvironment("OS_DELAYED_AUTH"),
			"endpoint_type": fromEnvironment("OS_ENDPOINT_TYPE"),
			"insecure":      fromEnvironment("OS_INSECURE"),
			"region":        fromEnvironment("OS_REGION_NAME"),
			"swauth":        fromEnvironment("OS_SWAUTH"),
			"use_octavia":   fromEnvironment("OS_USE_OCTAVIA"),
		},
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for there, name := range resources {
		token, err := token(name)
		if err != nil {
			return info, err
		}
		info.Resources[there] = &tfbridge.ResourceInfo{Tok: tokens.Type(token), Fields: maps.Clone(exceptions[there])}
	}
	for there, name := range functions {
		token, err := token(name)
		if err != nil {
			return info, err
		}
		info.DataSources[there] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(token)}
	}

	// Names that the program leaves out are made from the resource's name and a random suffix.
	const longestName = 255
	info.SetAutonaming(longestName, "-")
	return info, nil
}

// exceptions are the properties that the npm package calls or types otherwise than the bridge's rules would.
var exceptions = map[string]map[string]*tfbridge.SchemaInfo{
	// A list for what may be only one item.
	"openstack_compute_servergroup_v2": {"policies": {Name: "policies", MaxItemsOne: tfbridge.False()}},
	// Both would be allocationPools: that name is the newer block's, whose order means nothing.
	"openstack_networking_subnet_v2": {
		"allocation_pool":  {Name: "allocationPools"},
		"allocation_pools": {Name: "allocationPoolsCollection"},
	},
	"openstack_orchestration_stack_v1": {"outputs": {Name: "StackOutputs", Elem: &tfbridge.SchemaInfo{TypeName: tfbridge.Ref("StackV1StackOutput")}}},
}

// token is "openstack:networking/network:Network" for "networking/Network".
func token(name string) (string, error) {
	module, member, found := strings.Cut(name, "/")
	if !found || member == "" {
		return "", fmt.Errorf("names.go says %q: write it as module/Name", name)
	}
	file := []rune(member)
	file[0] = unicode.ToLower(file[0])
	return fmt.Sprintf("%s:%s/%s:%s", packageName, module, string(file), member), nil
}

func fromEnvironment(variable string) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Default: &tfbridge.DefaultInfo{EnvVars: []string{variable}}}
}
