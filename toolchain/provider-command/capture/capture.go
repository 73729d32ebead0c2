// Package capture collects what a command prints, for its outputs, for the
// progress display and for the error that a failed command ends with.
package capture

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"

	"hybrid-vnf/toolchain/provider-command/redact"
)

// PreviousStdout and PreviousStderr name the variables through which a command
// sees what the one before it printed.
const (
	PreviousStdout = "PULUMI_COMMAND_STDOUT"
	PreviousStderr = "PULUMI_COMMAND_STDERR"
)

// shownInError bounds how much of a failed command's output its error repeats.
const shownInError = 32 << 10

// Output is one run's two streams. Its two writers may be used at once.
type Output struct {
	Stdout, Stderr *Stream

	mutex sync.Mutex
	// said is what an error may repeat: everything on stderr, and stdout
	// unless logging keeps it from being shown.
	said bytes.Buffer
}

// Stream is one of the two. It keeps every byte, and shows whole lines in the
// progress display when it may.
type Stream struct {
	output   *Output
	show     func(line string)
	repeated bool
	kept     bytes.Buffer
	line     bytes.Buffer
}

// New makes the two streams of a run. Their lines go to the logger of ctx,
// without the secrets of ctx, as the two switches say.
func New(ctx context.Context, showStdout, showStderr bool) *Output {
	output := &Output{}
	show := func(line string) { p.GetLogger(ctx).InfoStatus(redact.Text(ctx, line)) }
	output.Stdout = &Stream{output: output, repeated: showStdout}
	output.Stderr = &Stream{output: output, repeated: true}
	if showStdout {
		output.Stdout.show = show
	}
	if showStderr {
		output.Stderr.show = show
	}
	return output
}

func (s *Stream) Write(data []byte) (int, error) {
	s.output.mutex.Lock()
	defer s.output.mutex.Unlock()
	s.kept.Write(data)
	if s.repeated {
		s.output.said.Write(data)
	}
	if s.show == nil {
		return len(data), nil
	}
	for rest := data; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			s.line.Write(rest)
			break
		}
		s.line.Write(rest[:end])
		s.flush()
		rest = rest[end+1:]
	}
	return len(data), nil
}

func (s *Stream) flush() {
	if line := strings.TrimSuffix(s.line.String(), "\r"); s.show != nil && line != "" {
		s.show(line)
	}
	s.line.Reset()
}

// Text is what the stream said, without its last newline.
func (s *Stream) Text() string {
	s.output.mutex.Lock()
	defer s.output.mutex.Unlock()
	return strings.TrimSuffix(s.kept.String(), "\n")
}

// End shows lines that no newline ended.
func (o *Output) End() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.Stdout.flush()
	o.Stderr.flush()
}

// Failure is the error of a run that ended badly: why (with the exit code),
// the command, and what it said. Secrets of ctx are blotted out.
func (o *Output) Failure(ctx context.Context, cause error, command string) error {
	o.mutex.Lock()
	said := o.said.String()
	o.mutex.Unlock()
	if extra := len(said) - shownInError; extra > 0 {
		said = fmt.Sprintf("(%d bytes left out)\n%s", extra, said[extra:])
	}
	if stopped := context.Cause(ctx); stopped != nil {
		cause = fmt.Errorf("stopped, %w: %w", stopped, cause)
	}
	return &failure{cause, redact.Text(ctx, fmt.Sprintf("%v: running %q:\n%s", cause, command, said))}
}

type failure struct {
	cause error
	text  string
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }
