package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// sdk is the installed npm package. Its absence fails the tests: nothing else
// proves that a program finds the names that it uses.
const sdk = "../../node_modules/@pulumi/kubernetes"

var (
	token      = regexp.MustCompile(`__pulumiType = '(kubernetes:[^']+)'`)
	apiVersion = regexp.MustCompile(`resourceInputs\["apiVersion"\] = "([^"]+)"`)
	kind       = regexp.MustCompile(`resourceInputs\["kind"\] = "([^"]+)"`)
	setting    = regexp.MustCompile(`resourceInputs\["(\w+)"\]`)
)

func readSDK(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("the npm package @pulumi/kubernetes is needed, run npm ci: %v", err)
	}
	return string(content)
}

// Every resource of the SDK is served as the kind that the SDK sends, or is
// refused by name.
func TestKindsAreTheSDKs(t *testing.T) {
	served, refused := 0, 0
	err := filepath.WalkDir(sdk, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".js") {
			return nil
		}
		content := readSDK(t, path)
		found := token.FindStringSubmatch(content)
		if found == nil || found[1] == "kubernetes:meta/v1:Status" {
			// A Status is an answer of the server, no object on it.
			return nil
		}
		gvk, err := kindOf(found[1])
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		version, sent := apiVersion.FindStringSubmatch(content), kind.FindStringSubmatch(content)
		urn := resource.NewURN("dev", "test", "", tokens.Type(found[1]), "it")
		if version == nil || sent == nil {
			refused++
			if unsupported(urn, gvk.Kind) == "" {
				t.Errorf("%s sends no kind, and is not refused", found[1])
			}
			return nil
		}
		if unsupported(urn, sent[1]) != "" {
			refused++
			if !strings.HasSuffix(gvk.Kind, "Patch") && !strings.HasSuffix(gvk.Kind, "List") {
				t.Errorf("%s is refused", found[1])
			}
			return nil
		}
		served++
		if gvk.Kind != sent[1] || gvk.GroupVersion().String() != version[1] {
			t.Errorf("%s: the SDK sends %s %s, the type reads as %s", found[1], version[1], sent[1], gvk)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("the npm package @pulumi/kubernetes is needed, run npm ci: %v", err)
	}
	if served < 150 || refused == 0 {
		t.Errorf("found only %d kinds and %d refused ones in the SDK", served, refused)
	}
}

func TestProviderInputsAreTheSDKs(t *testing.T) {
	var theirs []string
	for _, match := range setting.FindAllStringSubmatch(readSDK(t, filepath.Join(sdk, "provider.js")), -1) {
		theirs = append(theirs, match[1])
	}
	slices.Sort(theirs)
	if theirs = slices.Compact(theirs); !slices.Equal(theirs, accepted) {
		t.Errorf("the provider accepts %v, the SDK sends %v", accepted, theirs)
	}
}
