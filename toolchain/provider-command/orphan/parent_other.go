//go:build !linux

package orphan

// ParentGone never returns: there is nothing to wait on here.
func ParentGone() { select {} }
