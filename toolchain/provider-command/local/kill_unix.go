//go:build unix

package local

import (
	"os/exec"
	"syscall"
	"time"
)

// killTogether makes the command's end the end of what it started: it gets a
// process group of its own, which is told to terminate, then killed.
func killTogether(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error {
		group := -process.Process.Pid
		err := syscall.Kill(group, syscall.SIGTERM)
		time.AfterFunc(stopping, func() { _ = syscall.Kill(group, syscall.SIGKILL) })
		return err
	}
}
