//go:build !unix

package local

import "os/exec"

// killTogether leaves the command to be killed alone: there are no process
// groups here.
func killTogether(*exec.Cmd) {}
