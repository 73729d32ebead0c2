package local

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"hybrid-vnf/toolchain/provider-command/capture"
)

// stopping bounds how long a command may take to end once told to.
const stopping = 5 * time.Second

func (e *Execution) run(ctx context.Context, command string, result *Result) error {
	words := e.interpreter()
	process := exec.CommandContext(ctx, words[0], append(words[1:], command)...)
	killTogether(process)
	process.WaitDelay = stopping
	process.Env = e.environment(result)
	if e.Stdin != nil && *e.Stdin != "" {
		process.Stdin = strings.NewReader(*e.Stdin)
	}
	var err error
	if e.Dir != nil {
		process.Dir = *e.Dir
	} else if process.Dir, err = os.Getwd(); err != nil {
		return err
	}
	output := capture.New(ctx, e.Logging.stdout(), e.Logging.stderr())
	process.Stdout, process.Stderr = output.Stdout, output.Stderr

	err = process.Run()
	output.End()
	if err != nil {
		return output.Failure(ctx, err, command)
	}
	if e.AssetPaths != nil {
		assets, err := find(process.Dir, *e.AssetPaths)
		if err != nil {
			return err
		}
		result.Assets = &assets
	}
	if e.ArchivePaths != nil {
		assets, err := find(process.Dir, *e.ArchivePaths)
		if err != nil {
			return err
		}
		content := make(map[string]any, len(assets))
		for name, found := range assets {
			content[name] = found.Asset
		}
		if result.Archive, err = resource.NewAssetArchive(content); err != nil {
			return err
		}
	}
	result.Stdout, result.Stderr = output.Stdout.Text(), output.Stderr.Text()
	return nil
}

func (e *Execution) interpreter() []string {
	switch {
	case e.Interpreter != nil && len(*e.Interpreter) > 0:
		return slices.Clone(*e.Interpreter)
	case runtime.GOOS == "windows":
		return []string{"cmd", "/C"}
	}
	return []string{"/bin/sh", "-c"}
}

func (e *Execution) environment(previous *Result) []string {
	environment := os.Environ()
	if e.Environment != nil {
		for _, name := range slices.Sorted(maps.Keys(*e.Environment)) {
			environment = append(environment, name+"="+(*e.Environment)[name])
		}
	}
	if e.AddPreviousOutputInEnv == nil || *e.AddPreviousOutputInEnv {
		if previous.Stdout != "" {
			environment = append(environment, capture.PreviousStdout+"="+previous.Stdout)
		}
		if previous.Stderr != "" {
			environment = append(environment, capture.PreviousStderr+"="+previous.Stderr)
		}
	}
	return environment
}

// find returns the files below a directory that the patterns choose. Patterns
// are taken in turn; one that begins with ! leaves out what it matches.
func find(directory string, patterns []string) (map[string]*types.AssetOrArchive, error) {
	type rule struct {
		glob.Glob
		excludes bool
	}
	rules := make([]rule, len(patterns))
	for i, pattern := range patterns {
		text, excludes := strings.CutPrefix(pattern, "!")
		compiled, err := glob.Compile(text, '/')
		if err != nil {
			return nil, fmt.Errorf("pattern %q is not valid: %w", pattern, err)
		}
		rules[i] = rule{compiled, excludes}
	}
	found := map[string]*types.AssetOrArchive{}
	err := fs.WalkDir(os.DirFS(directory), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		chosen := false
		for _, rule := range rules {
			if rule.Match(name) {
				chosen = !rule.excludes
			}
		}
		if !chosen {
			return nil
		}
		asset, err := resource.NewPathAsset(path.Join(directory, name))
		found[name] = &types.AssetOrArchive{Asset: asset}
		return err
	})
	return found, err
}
