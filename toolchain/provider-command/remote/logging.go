package remote

import "github.com/pulumi/pulumi-go-provider/infer"

// Logging says which streams the progress display shows; nil: both.
type Logging string

// Values lists the allowed ones.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "Stdout", Value: "stdout", Description: "Show stdout only"},
		{Name: "Stderr", Value: "stderr", Description: "Show stderr only"},
		{Name: "StdoutAndStderr", Value: "stdoutAndStderr", Description: "Show both"},
		{Name: "None", Value: "none", Description: "Show nothing"},
	}
}

func (l *Logging) stdout() bool { return l == nil || *l == "stdout" || *l == "stdoutAndStderr" }
func (l *Logging) stderr() bool { return l == nil || *l == "stderr" || *l == "stdoutAndStderr" }
