package main

import (
	"fmt"
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
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(openstack.Provider()),
		Name:        packageName,
		Version:     version,
		DisplayName: "OpenStack",
		Description: "Networks, machines, images and volumes of an OpenStack cloud.",
		License:     "Apache-2.0",
		GitHubOrg:   "terraform-provider-openstack",
		// Nothing to remember: no released schema of this plugin differs from the present one.
		MetadataInfo: tfbridge.NewProviderMetadata(nil),
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
	for terraform, name := range resources {
		token, err := token(name)
		if err != nil {
			return info, err
		}
		info.Resources[terraform] = &tfbridge.ResourceInfo{Tok: tokens.Type(token)}
	}
	for terraform, name := range functions {
		token, err := token(name)
		if err != nil {
			return info, err
		}
		info.DataSources[terraform] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(token)}
	}

	// Names that the program leaves out are made from the resource's name and a random suffix.
	const longestName = 255
	info.SetAutonaming(longestName, "-")
	return info, nil
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
