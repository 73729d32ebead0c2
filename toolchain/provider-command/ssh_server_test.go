package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pkg/sftp"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"golang.org/x/crypto/ssh"
)

const testPassword = "correct horse"

// sshServer speaks SSH on a loopback port and runs what it is asked to with
// /bin/sh. It accepts one key and one password, sets only the variables it is
// told to accept, serves files, and forwards to other servers.
type sshServer struct {
	listener net.Listener
	config   *ssh.ServerConfig
	hostKey  ssh.PublicKey
	userKey  string
	accepts  []string

	mutex     sync.Mutex
	forwarded []string
	signals   []string
}

func newKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	check(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	check(t, err)
	return signer, string(pem.EncodeToMemory(block))
}

func startSSH(t *testing.T, accepts ...string) *sshServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	return serveSSH(t, listener, accepts...)
}

func serveSSH(t *testing.T, listener net.Listener, accepts ...string) *sshServer {
	t.Helper()
	host, _ := newKey(t)
	user, userKey := newKey(t)
	server := &sshServer{listener: listener, hostKey: host.PublicKey(), userKey: userKey, accepts: accepts}
	server.config = &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if !bytes.Equal(key.Marshal(), user.PublicKey().Marshal()) {
				return nil, errors.New("unknown key")
			}
			return nil, nil
		},
		PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) != testPassword {
				return nil, errors.New("wrong password")
			}
			return nil, nil
		},
	}
	server.config.AddHostKey(host)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go server.serve(conn)
		}
	}()
	return server
}

func (s *sshServer) connection(changes map[string]property.Value) property.Value {
	address := s.listener.Addr().(*net.TCPAddr)
	fields := map[string]property.Value{
		"host":           property.New("127.0.0.1"),
		"port":           property.New(float64(address.Port)),
		"user":           property.New("root"),
		"privateKey":     property.New(s.userKey),
		"hostKey":        property.New(string(ssh.MarshalAuthorizedKey(s.hostKey))),
		"dialErrorLimit": property.New(float64(2)),
		"perDialTimeout": property.New(float64(5)),
	}
	for name, value := range changes {
		fields[name] = value
	}
	return property.New(property.NewMap(fields)).WithSecret(true)
}

func (s *sshServer) serve(conn net.Conn) {
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		_ = conn.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	for request := range channels {
		switch request.ChannelType() {
		case "session":
			go s.session(request)
		case "direct-tcpip":
			go s.forward(request)
		default:
			_ = request.Reject(ssh.UnknownChannelType, "not here")
		}
	}
}

func (s *sshServer) forward(request ssh.NewChannel) {
	var to struct {
		Host     string
		Port     uint32
		FromHost string
		FromPort uint32
	}
	if ssh.Unmarshal(request.ExtraData(), &to) != nil {
		_ = request.Reject(ssh.ConnectionFailed, "malformed")
		return
	}
	address := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	target, err := net.Dial("tcp", address)
	if err != nil {
		_ = request.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	s.mutex.Lock()
	s.forwarded = append(s.forwarded, address)
	s.mutex.Unlock()
	channel, requests, err := request.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	go func() { _, _ = io.Copy(channel, target); _ = channel.Close() }()
	_, _ = io.Copy(target, channel)
	_ = target.Close()
}

func (s *sshServer) session(request ssh.NewChannel) {
	channel, requests, err := request.Accept()
	if err != nil {
		return
	}
	var environment []string
	var process *exec.Cmd
	for request := range requests {
		switch request.Type {
		case "env":
			var variable struct{ Name, Value string }
			accepted := ssh.Unmarshal(request.Payload, &variable) == nil && slices.Contains(s.accepts, variable.Name)
			if accepted {
				environment = append(environment, variable.Name+"="+variable.Value)
			}
			_ = request.Reply(accepted, nil)
		case "exec":
			var command struct{ Text string }
			_ = ssh.Unmarshal(request.Payload, &command)
			_ = request.Reply(true, nil)
			process = exec.Command("/bin/sh", "-c", command.Text)
			process.Env = environment
			process.Stdin, process.Stdout, process.Stderr = channel, channel, channel.Stderr()
			process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if process.Start() != nil {
				_ = channel.Close()
				continue
			}
			go finish(process, channel)
		case "signal":
			var signal struct{ Name string }
			_ = ssh.Unmarshal(request.Payload, &signal)
			s.mutex.Lock()
			s.signals = append(s.signals, signal.Name)
			s.mutex.Unlock()
			if process != nil && signal.Name == "TERM" {
				_ = syscall.Kill(-process.Process.Pid, syscall.SIGTERM)
			}
		case "subsystem":
			_ = request.Reply(strings.HasSuffix(string(request.Payload), "sftp"), nil)
			if files, err := sftp.NewServer(channel); err == nil {
				go func() { _ = files.Serve(); _ = channel.Close() }()
			}
		default:
			_ = request.Reply(false, nil)
		}
	}
}

func finish(process *exec.Cmd, channel ssh.Channel) {
	_ = process.Wait()
	status := process.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		_, _ = channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal string
			Core   bool
			Text   string
			Lang   string
		}{"TERM", false, "", ""}))
	} else {
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{uint32(status.ExitStatus())}))
	}
	_ = channel.Close()
}
