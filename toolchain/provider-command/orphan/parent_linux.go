package orphan

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ParentGone returns once the process that started this one has ended, or
// never if that cannot be known.
func ParentGone() {
	parent, err := unix.PidfdOpen(os.Getppid(), 0)
	if err != nil {
		select {}
	}
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(parent), Events: unix.POLLIN}}, -1)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
