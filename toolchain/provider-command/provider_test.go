package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const (
	remoteCommand = "command:remote:Command"
	localCommand  = "command:local:Command"
	copyToRemote  = "command:remote:CopyToRemote"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newServer(t *testing.T) integration.Server {
	t.Helper()
	t.Setenv("SSH_AUTH_SOCK", "")
	server, err := integration.NewServer(context.Background(), name, semver.MustParse(version),
		integration.WithProvider(newProvider()))
	check(t, err)
	return server
}

func urn(token string) resource.URN {
	return resource.NewURN("dev", "test", "", tokens.Type(token), "it")
}

type fields map[string]property.Value

func text(s string) property.Value { return property.New(s) }

// create does what the engine does: check, then create.
func create(t *testing.T, server integration.Server, token string, inputs fields) (p.CreateResponse, error) {
	t.Helper()
	checked := checkInputs(t, server, token, inputs)
	return server.Create(p.CreateRequest{Urn: urn(token), Properties: checked})
}

func checkInputs(t *testing.T, server integration.Server, token string, inputs fields) property.Map {
	t.Helper()
	checked, err := server.Check(p.CheckRequest{Urn: urn(token), Inputs: property.NewMap(inputs)})
	check(t, err)
	if len(checked.Failures) > 0 {
		t.Fatalf("check: %v", checked.Failures)
	}
	return wire(t, checked.Inputs)
}

// wire sends properties through the form in which they travel between engine
// and provider, which is what makes assets of them.
func wire(t *testing.T, m property.Map) property.Map {
	t.Helper()
	options := plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepOutputValues: true}
	sent, err := plugin.MarshalProperties(resource.ToResourcePropertyMap(m), options)
	check(t, err)
	received, err := plugin.UnmarshalProperties(sent, options)
	check(t, err)
	return resource.FromResourcePropertyMap(received)
}

func wantOutput(t *testing.T, m property.Map, name, want string) {
	t.Helper()
	if got := m.Get(name); !got.IsString() || got.AsString() != want {
		t.Errorf("%s is %#v, want %q", name, got, want)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error lacks %q:\n%v", part, err)
		}
	}
}

func TestRemoteCommandLives(t *testing.T) {
	server, machine := newServer(t), startSSH(t, "GREETING", "PULUMI_COMMAND_STDOUT")
	inputs := fields{
		"connection":  machine.connection(nil),
		"create":      text(`echo "$GREETING $(cat)"; echo aside >&2`),
		"delete":      text(`echo "$PULUMI_COMMAND_STDOUT, $(cat), gone" > "` + t.TempDir() + `/x"; exit 7`),
		"stdin":       text("world"),
		"environment": property.New(property.NewMap(fields{"GREETING": text("hello")})),
	}
	made, err := create(t, server, remoteCommand, inputs)
	check(t, err)
	wantOutput(t, made.Properties, "stdout", "hello world")
	wantOutput(t, made.Properties, "stderr", "aside")
	if !strings.HasPrefix(made.ID, "it") || len(made.ID) != len("it")+8 {
		t.Errorf("id %q is not the name and eight digits", made.ID)
	}
	if !made.Properties.Get("connection").Secret() {
		t.Error("the connection is not secret in the state")
	}

	inputs["stdin"], inputs["update"] = text("moon"), text(`echo "was: $PULUMI_COMMAND_STDOUT"`)
	next := checkInputs(t, server, remoteCommand, inputs)
	diff, err := server.Diff(p.DiffRequest{
		ID: made.ID, Urn: urn(remoteCommand), State: made.Properties, Inputs: next,
		OldInputs: checkInputs(t, server, remoteCommand, fields{
			"connection": inputs["connection"], "create": inputs["create"], "delete": inputs["delete"],
			"stdin": text("world"), "environment": inputs["environment"],
		}),
	})
	check(t, err)
	if !diff.HasChanges || diff.DetailedDiff["stdin"].Kind != p.Update || diff.DetailedDiff["update"].Kind != p.Add {
		t.Errorf("diff: %+v", diff)
	}
	updated, err := server.Update(p.UpdateRequest{
		ID: made.ID, Urn: urn(remoteCommand), State: made.Properties, Inputs: next,
	})
	check(t, err)
	wantOutput(t, updated.Properties, "stdout", "was: hello world")

	err = server.Delete(p.DeleteRequest{ID: made.ID, Urn: urn(remoteCommand), Properties: updated.Properties})
	wantError(t, err, "exited with status 7")
}

func TestDeleteRunsTheOldCommandWithTheOldStdin(t *testing.T) {
	server, machine := newServer(t), startSSH(t)
	trace := filepath.Join(t.TempDir(), "trace")
	made, err := create(t, server, remoteCommand, fields{
		"connection": machine.connection(nil),
		"create":     text("true"),
		"delete":     text("cat > " + trace),
		"stdin":      text("undo"),
	})
	check(t, err)
	check(t, server.Delete(p.DeleteRequest{ID: made.ID, Urn: urn(remoteCommand), Properties: made.Properties}))
	got, err := os.ReadFile(trace)
	check(t, err)
	if string(got) != "undo" {
		t.Errorf("the delete command read %q", got)
	}
}

func TestTriggersReplace(t *testing.T) {
	server := newServer(t)
	for _, token := range []string{remoteCommand, localCommand} {
		inputs := func(trigger string) property.Map {
			return property.NewMap(fields{
				"create":     text("true"),
				"connection": property.New(property.NewMap(fields{"host": text("nowhere.invalid")})),
				"triggers":   property.New([]property.Value{text(trigger)}),
			})
		}
		diff, err := server.Diff(p.DiffRequest{Urn: urn(token), ID: "it", State: inputs("a"), OldInputs: inputs("a"), Inputs: inputs("b")})
		check(t, err)
		if diff.DetailedDiff["triggers[0]"].Kind != p.UpdateReplace {
			t.Errorf("%s: %+v", token, diff)
		}
	}
}

func TestFailureTellsExitCodeAndStderr(t *testing.T) {
	server, machine := newServer(t), startSSH(t)
	_, err := create(t, server, remoteCommand, fields{
		"connection": machine.connection(nil),
		"create":     text("echo token-on-stdout; echo no such thing >&2; exit 3"),
		"logging":    text("none"),
	})
	wantError(t, err, "exited with status 3", "no such thing", "running")
	if strings.Contains(strings.SplitN(err.Error(), ":\n", 2)[1], "token-on-stdout") {
		t.Errorf("stdout shows although logging is none:\n%v", err)
	}
	_, err = create(t, server, localCommand, fields{"create": text("echo oh no >&2; exit 4")})
	wantError(t, err, "exit status 4", "oh no")
}

func TestFailureHidesSecrets(t *testing.T) {
	server, machine := newServer(t), startSSH(t)
	_, err := create(t, server, remoteCommand, fields{
		"connection": machine.connection(nil),
		"create":     text("cat >&2; exit 1"),
		"stdin":      text("export KEY='sesame-7431'\n").WithSecret(true),
	})
	wantError(t, err, "exited with status 1", "[secret]")
	if strings.Contains(err.Error(), "sesame") {
		t.Errorf("the secret shows:\n%v", err)
	}
}

func TestWrongHostKeyIsRefusedAtOnce(t *testing.T) {
	server, machine, other := newServer(t), startSSH(t), startSSH(t)
	start := time.Now()
	_, err := create(t, server, remoteCommand, fields{
		"connection": machine.connection(fields{
			"hostKey":        other.connection(nil).AsMap().Get("hostKey"),
			"dialErrorLimit": property.New(float64(-1)),
		}),
		"create": text("true"),
	})
	wantError(t, err, "host key is not the expected one", "SHA256:")
	if time.Since(start) > 20*time.Second { // it would be tried for ever
		t.Errorf("took %s", time.Since(start))
	}
	_, err = create(t, server, remoteCommand, fields{
		"connection": machine.connection(fields{"hostKey": text("not a key")}), "create": text("true"),
	})
	wantError(t, err, "authorized_keys form")
}

func TestPasswordAndWrongKey(t *testing.T) {
	server, machine, other := newServer(t), startSSH(t), startSSH(t)
	made, err := create(t, server, remoteCommand, fields{
		"connection": machine.connection(fields{"privateKey": {}, "password": text(testPassword)}),
		"create":     text("echo in"),
	})
	check(t, err)
	wantOutput(t, made.Properties, "stdout", "in")
	_, err = create(t, server, remoteCommand, fields{
		"connection": machine.connection(fields{"privateKey": text(other.userKey), "dialErrorLimit": property.New(float64(0))}),
		"create":     text("echo in"),
	})
	wantError(t, err, "unable to authenticate", "after 1 failed attempts")
}

func TestJumpHost(t *testing.T) {
	server, machine, jump := newServer(t), startSSH(t), startSSH(t)
	made, err := create(t, server, remoteCommand, fields{
		"connection": machine.connection(fields{"proxy": jump.connection(nil)}),
		"create":     text("echo through"),
	})
	check(t, err)
	wantOutput(t, made.Properties, "stdout", "through")
	jump.mutex.Lock()
	defer jump.mutex.Unlock()
	if len(jump.forwarded) != 1 || jump.forwarded[0] != machine.listener.Addr().String() {
		t.Errorf("the jump host forwarded to %v", jump.forwarded)
	}
}

func TestBootingMachineIsFoundSoon(t *testing.T) {
	server := newServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := listener.Addr().String()
	check(t, listener.Close())
	// The keys are those of the machine that comes up late at this address.
	up := make(chan *sshServer, 1)
	late, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	machine := serveSSH(t, late)
	go func() {
		time.Sleep(600 * time.Millisecond)
		booted, err := net.Listen("tcp", address)
		if err == nil {
			go func() {
				for {
					conn, err := booted.Accept()
					if err != nil {
						return
					}
					go machine.serve(conn)
				}
			}()
			t.Cleanup(func() { _ = booted.Close() })
		}
		up <- machine
	}()
	_, port, _ := net.SplitHostPort(address)
	start := time.Now()
	made, err := create(t, server, remoteCommand, fields{
		"connection": machine.connection(fields{"port": property.New(number(t, port)), "dialErrorLimit": property.New(float64(10))}),
		"create":     text("echo up"),
	})
	<-up
	check(t, err)
	wantOutput(t, made.Properties, "stdout", "up")
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("found after %s", took)
	}
}

func number(t *testing.T, digits string) float64 {
	t.Helper()
	port, err := net.LookupPort("tcp", digits)
	check(t, err)
	return float64(port)
}

func TestDialErrorLimitAndSilentServer(t *testing.T) {
	server := newServer(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer silent.Close()
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	_, err = create(t, server, remoteCommand, fields{
		"connection": property.New(property.NewMap(fields{
			"host": text("127.0.0.1"), "port": property.New(number(t, port)), "password": text("x"),
			"dialErrorLimit": property.New(float64(1)), "perDialTimeout": property.New(float64(1)),
		})),
		"create": text("true"),
	})
	wantError(t, err, "after 2 failed attempts", "no answer within 1s")
}

func TestRefusedEnvironment(t *testing.T) {
	server, machine := newServer(t), startSSH(t)
	_, err := create(t, server, remoteCommand, fields{
		"connection":  machine.connection(nil),
		"create":      text("true"),
		"environment": property.New(property.NewMap(fields{"FOO": text("bar")})),
	})
	wantError(t, err, `could not set environment variable "FOO"`)
}

func TestPreviousOutputMayBeRefused(t *testing.T) {
	server, machine := newServer(t), startSSH(t)
	made, err := create(t, server, remoteCommand, fields{"connection": machine.connection(nil), "create": text("echo one")})
	check(t, err)
	updated, err := server.Update(p.UpdateRequest{
		ID: made.ID, Urn: urn(remoteCommand), State: made.Properties,
		Inputs: checkInputs(t, server, remoteCommand, fields{"connection": machine.connection(nil), "create": text("echo two")}),
	})
	check(t, err)
	wantOutput(t, updated.Properties, "stdout", "two")
}

func TestCancelStopsRemoteAndLocalCommands(t *testing.T) {
	for _, token := range []string{remoteCommand, localCommand} {
		server, machine := newServer(t), startSSH(t)
		trace := filepath.Join(t.TempDir(), "trace")
		begun := trace + ".begun"
		inputs := fields{"create": text("touch " + begun + "; trap 'echo stopped > " + trace + "; exit 9' TERM; while :; do sleep 0.1; done")}
		if token == remoteCommand {
			inputs["connection"] = machine.connection(nil)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := server.Create(p.CreateRequest{Urn: urn(token), Properties: property.NewMap(inputs)})
			ended <- err
		}()
		waitFor(t, begun)
		check(t, server.Cancel())
		select {
		case err := <-ended:
			wantError(t, err, "stopped, context canceled")
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: still running after Cancel", token)
		}
		waitFor(t, trace)
	}
}

func waitFor(t *testing.T, file string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return
		}
	}
	t.Fatalf("%s never appeared", file)
}

func TestTimeoutStopsACommand(t *testing.T) {
	server := newServer(t)
	_, err := server.Create(p.CreateRequest{
		Urn: urn(localCommand), Timeout: 1, Properties: property.NewMap(fields{"create": text("sleep 30")}),
	})
	wantError(t, err, "deadline exceeded")
}

func TestLocalCommand(t *testing.T) {
	server := newServer(t)
	directory := t.TempDir()
	made, err := create(t, server, localCommand, fields{
		"create":       text(`import os; print(os.getcwd(), os.environ["A"]); open("a.txt", "w"); open("b.txt", "w")`),
		"interpreter":  property.New([]property.Value{text("python3"), text("-c")}),
		"dir":          text(directory),
		"environment":  property.New(property.NewMap(fields{"A": text("b")})),
		"assetPaths":   property.New([]property.Value{text("*.txt"), text("!b.*")}),
		"archivePaths": property.New([]property.Value{text("*.txt")}),
	})
	check(t, err)
	wantOutput(t, made.Properties, "stdout", directory+" b")
	left := wire(t, made.Properties)
	assets := left.Get("assets").AsMap()
	if assets.Len() != 1 || !assets.Get("a.txt").IsAsset() {
		t.Errorf("assets: %#v", assets)
	}
	if archive := left.Get("archive"); !archive.IsArchive() || len(archive.AsArchive().Assets) != 2 {
		t.Errorf("archive: %#v", archive)
	}
}

func TestLocalRun(t *testing.T) {
	server := newServer(t)
	got, err := server.Invoke(p.InvokeRequest{
		Token: "command:local:run", Args: property.NewMap(fields{"command": text("cat"), "stdin": text("x\n\n")}),
	})
	check(t, err)
	wantOutput(t, got.Return, "stdout", "x\n")
	wantOutput(t, got.Return, "command", "cat")
}

func TestPreviewRunsNothing(t *testing.T) {
	server := newServer(t)
	trace := filepath.Join(t.TempDir(), "trace")
	got, err := server.Create(p.CreateRequest{
		Urn: urn(localCommand), DryRun: true, Properties: property.NewMap(fields{"create": text("touch " + trace)}),
	})
	check(t, err)
	if _, err := os.Stat(trace); err == nil {
		t.Error("the preview ran the command")
	}
	if !got.Properties.Get("stdout").IsComputed() {
		t.Errorf("stdout is %#v in the preview", got.Properties.Get("stdout"))
	}
}

func TestUnknownLoggingIsRefused(t *testing.T) {
	server := newServer(t)
	checked, err := server.Check(p.CheckRequest{
		Urn: urn(localCommand), Inputs: property.NewMap(fields{"create": text("true"), "stdin": property.New(true)}),
	})
	check(t, err)
	if len(checked.Failures) == 0 {
		t.Error("a boolean passes as stdin")
	}
}

func TestCopyToRemote(t *testing.T) {
	server, machine := newServer(t), startSSH(t)
	local, there := t.TempDir(), t.TempDir()
	check(t, os.MkdirAll(filepath.Join(local, "site", "deep"), 0o755))
	check(t, os.WriteFile(filepath.Join(local, "site", "deep", "page"), []byte("hello"), 0o644))
	page, err := asset.FromPath(filepath.Join(local, "site", "deep", "page"))
	check(t, err)
	words, err := asset.FromText("words")
	check(t, err)

	for _, c := range []struct {
		source   property.Value
		to, file string
		want     string
	}{
		{property.New(page), "new/page", "new/page", "hello"},
		{property.New(page), "new", "new/page", "hello"},
		{property.New(words), "a/b/words", "a/b/words", "words"},
	} {
		made, err := create(t, server, copyToRemote, fields{
			"connection": machine.connection(nil), "source": c.source, "remotePath": text(filepath.Join(there, c.to)),
		})
		check(t, err)
		if made.ID == "" {
			t.Error("no id")
		}
		got, err := os.ReadFile(filepath.Join(there, c.file))
		check(t, err)
		if string(got) != c.want {
			t.Errorf("%s holds %q", c.file, got)
		}
	}
	_, err = create(t, server, copyToRemote, fields{
		"connection": machine.connection(nil), "source": property.New(words), "remotePath": text(there),
	})
	wantError(t, err, "is a directory")
}
