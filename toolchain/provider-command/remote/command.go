// Package remote runs commands on, and copies files to, machines that answer
// SSH: command:remote:Command and command:remote:CopyToRemote.
package remote

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"hybrid-vnf/toolchain/provider-command/capture"
)

// Command is a command on a remote machine, with what undoes it.
type Command struct{}

// CommandArgs are a command's inputs.
type CommandArgs struct {
	Triggers               *[]any            `pulumi:"triggers,optional"               provider:"replaceOnChanges"`
	Create                 *string           `pulumi:"create,optional"`
	Update                 *string           `pulumi:"update,optional"`
	Delete                 *string           `pulumi:"delete,optional"`
	Stdin                  *string           `pulumi:"stdin,optional"`
	Logging                *Logging          `pulumi:"logging,optional"`
	Connection             *Connection       `pulumi:"connection"                      provider:"secret"`
	Environment            map[string]string `pulumi:"environment,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
}

// CommandState is the inputs of the last run and what it printed.
type CommandState struct {
	CommandArgs
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Create runs the create command.
func (*Command) Create(
	ctx context.Context, req infer.CreateRequest[CommandArgs],
) (infer.CreateResponse[CommandState], error) {
	state := CommandState{CommandArgs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		err = state.run(ctx, *req.Inputs.Create)
	}
	return infer.CreateResponse[CommandState]{ID: id, Output: state}, err
}

// Update runs the update command, or the create command if there is none.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[CommandArgs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandArgs: req.Inputs, Stdout: req.State.Stdout, Stderr: req.State.Stderr}
	command := req.Inputs.Update
	if command == nil {
		command = req.Inputs.Create
	}
	var err error
	if !req.DryRun && command != nil {
		err = state.run(ctx, *command)
	}
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs the delete command of the state, with the state's stdin.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, req.State.run(ctx, *req.State.Delete)
}

const (
	// stopping bounds how long a remote command may take to end once told to.
	stopping = 5 * time.Second
	// heeding bounds how long word of a signal may take to come back.
	heeding = time.Second
)

func (s *CommandState) run(ctx context.Context, command string) error {
	client, err := s.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return fmt.Errorf("%s: the server opens no session: %w", s.Connection.address(), err)
	}
	defer session.Close()
	if err := s.setEnvironment(ctx, session); err != nil {
		return err
	}
	if stdin := value(s.Stdin, ""); stdin != "" {
		session.Stdin = strings.NewReader(stdin)
	}
	output := capture.New(ctx, s.Logging.stdout(), s.Logging.stderr())
	session.Stdout, session.Stderr = output.Stdout, output.Stderr

	err = session.Start(command)
	if err == nil {
		err = wait(ctx, session, client)
	}
	output.End()
	if err != nil {
		return output.Failure(ctx, err, command)
	}
	s.Stdout, s.Stderr = output.Stdout.Text(), output.Stderr.Text()
	return nil
}

// wait waits for the command's end. When ctx ends first, the command is told
// to terminate, then killed, and the connection is closed under it.
func wait(ctx context.Context, session *ssh.Session, client *client) error {
	ended := make(chan error, 1)
	go func() { ended <- session.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	_ = session.Signal(ssh.SIGTERM)
	for _, next := range []struct {
		patience time.Duration
		then     func()
	}{
		// OpenSSH passes no signals on to root's sessions, and does not say so.
		{heeding, func() { signalOthers(client, "TERM") }},
		{stopping, func() { signalOthers(client, "KILL") }},
		{heeding, func() { _ = session.Close(); _ = client.Close() }},
	} {
		select {
		case err := <-ended:
			return stopped(err)
		case <-time.After(next.patience):
			next.then()
		}
	}
	return stopped(<-ended)
}

//go:embed stop.sh
var stopScript string

// signalOthers reaches the command from a second session of its connection. A
// server that allows none leaves the command to notice that its output is
// closed.
func signalOthers(client *client, signal string) {
	session, err := client.NewSession()
	if err != nil {
		return
	}
	defer session.Close()
	session.Stdin = strings.NewReader(stopScript)
	if session.Start("/bin/sh -s "+signal) != nil {
		return
	}
	sent := make(chan error, 1)
	go func() { sent <- session.Wait() }()
	select {
	case <-sent:
	case <-time.After(stopping):
	}
}

// stopped keeps a command that was told to stop from counting as done.
func stopped(err error) error {
	if err == nil {
		return fmt.Errorf("the command ended early")
	}
	return err
}

func (s *CommandState) setEnvironment(ctx context.Context, session *ssh.Session) error {
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if err := session.Setenv(name, s.Environment[name]); err != nil {
			p.GetLogger(ctx).Error(refused(name))
			return fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	if !value(s.AddPreviousOutputInEnv, true) {
		return nil
	}
	for _, previous := range [][2]string{{capture.PreviousStdout, s.Stdout}, {capture.PreviousStderr, s.Stderr}} {
		if name, text := previous[0], previous[1]; text != "" {
			if err := session.Setenv(name, text); err != nil {
				p.GetLogger(ctx).Warning(refused(name))
			}
		}
	}
	return nil
}

func refused(name string) string {
	return fmt.Sprintf("The SSH server refuses to set %q: name the variable in AcceptEnv of its configuration, "+
		"or put NAME='value' before the command or in front of the script on stdin.", name)
}
