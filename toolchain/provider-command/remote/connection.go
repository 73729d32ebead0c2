package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

const (
	defaultUser           = "root"
	defaultPort           = 22
	defaultDialErrorLimit = 10
	defaultPerDialTimeout = 15

	firstPause = 250 * time.Millisecond
	longPause  = 5 * time.Second
)

// Endpoint is one SSH server and the ways to log in there.
type Endpoint struct {
	User               *string  `pulumi:"user,optional"`
	Password           *string  `pulumi:"password,optional"           provider:"secret"`
	Host               *string  `pulumi:"host"`
	Port               *float64 `pulumi:"port,optional"`
	PrivateKey         *string  `pulumi:"privateKey,optional"         provider:"secret"`
	PrivateKeyPassword *string  `pulumi:"privateKeyPassword,optional" provider:"secret"`
	AgentSocketPath    *string  `pulumi:"agentSocketPath,optional"`
	DialErrorLimit     *int     `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int     `pulumi:"perDialTimeout,optional"`
	HostKey            *string  `pulumi:"hostKey,optional"`
}

// Connection leads to a server, through a jump host where one is named.
type Connection struct {
	Endpoint
	Proxy *ProxyConnection `pulumi:"proxy,optional"`
}

// ProxyConnection leads to a jump host.
type ProxyConnection struct {
	Endpoint
}

// Annotate gives the fields their defaults and descriptions.
func (e *Endpoint) Annotate(a infer.Annotator) {
	a.SetDefault(&e.User, defaultUser)
	a.SetDefault(&e.Port, float64(defaultPort))
	a.SetDefault(&e.DialErrorLimit, defaultDialErrorLimit)
	a.SetDefault(&e.PerDialTimeout, defaultPerDialTimeout)
	a.Describe(&e.User, "The user to log in as.")
	a.Describe(&e.Password, "The user's password; also answers keyboard-interactive questions.")
	a.Describe(&e.Host, "The server's name or address.")
	a.Describe(&e.Port, "The server's port.")
	a.Describe(&e.PrivateKey, "A private key in PEM or OpenSSH form, tried before the password.")
	a.Describe(&e.PrivateKeyPassword, "What the private key is encrypted with.")
	a.Describe(&e.AgentSocketPath, "The socket of an SSH agent; SSH_AUTH_SOCK if that is set.")
	a.Describe(&e.DialErrorLimit, "How many attempts may fail; -1: any number.")
	a.Describe(&e.PerDialTimeout, "Seconds that one attempt may take; 0: any time.")
	a.Describe(&e.HostKey, "The server's public key, as in authorized_keys; without it, any key is accepted.")
}

func value[T any](pointer *T, otherwise T) T {
	if pointer == nil {
		return otherwise
	}
	return *pointer
}

func (e *Endpoint) address() string {
	port := int(value(e.Port, defaultPort))
	return net.JoinHostPort(value(e.Host, ""), strconv.Itoa(port))
}

func (e *Endpoint) timeout() time.Duration {
	return time.Duration(value(e.PerDialTimeout, defaultPerDialTimeout)) * time.Second
}

// errHostKey marks a server that showed another key than the pinned one.
var errHostKey = errors.New("the server's host key is not the expected one")

func (e *Endpoint) config(ctx context.Context) (*ssh.ClientConfig, error) {
	config := &ssh.ClientConfig{
		User:            value(e.User, defaultUser),
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	}
	if e.HostKey != nil {
		expected, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
		if err != nil {
			return nil, fmt.Errorf("hostKey of %s is not a public key in authorized_keys form (\"ssh-ed25519 AAAA...\"): %w",
				e.address(), err)
		}
		config.HostKeyAlgorithms = algorithms(expected)
		config.HostKeyCallback = func(_ string, _ net.Addr, shown ssh.PublicKey) error {
			if string(shown.Marshal()) != string(expected.Marshal()) {
				return fmt.Errorf("%w: it shows %s %s, hostKey is %s %s", errHostKey,
					shown.Type(), ssh.FingerprintSHA256(shown), expected.Type(), ssh.FingerprintSHA256(expected))
			}
			return nil
		}
	}
	if e.PrivateKey != nil {
		signer, err := e.signer()
		if err != nil {
			return nil, fmt.Errorf("privateKey for %s cannot be read: %w", e.address(), err)
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if e.Password != nil {
		answer := func(_, _ string, questions []string, _ []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range answers {
				answers[i] = *e.Password
			}
			return answers, nil
		}
		config.Auth = append(config.Auth, ssh.Password(*e.Password), ssh.KeyboardInteractive(answer))
	}
	keys, err := e.agentKeys(ctx)
	if err != nil {
		return nil, err
	}
	if keys != nil {
		config.Auth = append(config.Auth, keys)
	}
	return config, nil
}

// algorithms are the signatures to ask for so that the server shows the pinned
// key: an RSA key signs with SHA-2 too.
func algorithms(key ssh.PublicKey) []string {
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
	}
	return []string{key.Type()}
}

func (e *Endpoint) signer() (ssh.Signer, error) {
	if e.PrivateKeyPassword != nil {
		return ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
	}
	return ssh.ParsePrivateKey([]byte(*e.PrivateKey))
}

// agentKeys asks the agent for its keys, at the named socket or the one in the
// environment. One from the environment that is gone is no error if there is
// another way to log in.
func (e *Endpoint) agentKeys(ctx context.Context) (ssh.AuthMethod, error) {
	path := value(e.AgentSocketPath, os.Getenv("SSH_AUTH_SOCK"))
	if path == "" {
		return nil, nil
	}
	var dialer net.Dialer
	socket, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		if e.AgentSocketPath == nil && (e.PrivateKey != nil || e.Password != nil) {
			p.GetLogger(ctx).Debugf("No SSH agent answers at SSH_AUTH_SOCK (%s): %v", path, err)
			return nil, nil
		}
		return nil, fmt.Errorf("no SSH agent answers at %s: %w", path, err)
	}
	context.AfterFunc(ctx, func() { _ = socket.Close() })
	return ssh.PublicKeysCallback(agent.NewClient(socket).Signers), nil
}

// client is a connection and the jump host that it goes through.
type client struct {
	*ssh.Client
	proxy *ssh.Client
}

func (c *client) Close() error {
	err := c.Client.Close()
	if c.proxy != nil {
		err = errors.Join(err, c.proxy.Close())
	}
	return err
}

// dial connects and logs in. A machine that is still booting is tried again,
// soon at first, then ever more slowly, until dialErrorLimit attempts failed
// or ctx ends. A wrong host key is final.
func (c *Connection) dial(ctx context.Context) (_ *client, err error) {
	config, err := c.config(ctx)
	if err != nil {
		return nil, err
	}
	direct := net.Dialer{}
	if c.Proxy == nil {
		target, err := c.retry(ctx, "", func(ctx context.Context) (*ssh.Client, error) {
			return handshake(ctx, direct.DialContext, c.address(), config)
		})
		if err != nil {
			return nil, err
		}
		return &client{Client: target}, nil
	}

	proxyConfig, err := c.Proxy.config(ctx)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	proxy, err := c.Proxy.retry(ctx, "proxy ", func(ctx context.Context) (*ssh.Client, error) {
		return handshake(ctx, direct.DialContext, c.Proxy.address(), proxyConfig)
	})
	if err != nil {
		return nil, err
	}
	target, err := c.retry(ctx, "", func(ctx context.Context) (*ssh.Client, error) {
		return handshake(ctx, proxy.DialContext, c.address(), config)
	})
	if err != nil {
		_ = proxy.Close()
		return nil, fmt.Errorf("through proxy %s: %w", c.Proxy.address(), err)
	}
	return &client{Client: target, proxy: proxy}, nil
}

func (e *Endpoint) retry(
	ctx context.Context, role string, attempt func(context.Context) (*ssh.Client, error),
) (*ssh.Client, error) {
	limit := value(e.DialErrorLimit, defaultDialErrorLimit)
	bound := "inf"
	if limit >= 0 {
		bound = strconv.Itoa(limit)
	}
	for failed, pause := 0, firstPause; ; pause = min(pause*3/2, longPause) {
		result, err := e.once(ctx, attempt)
		if err == nil {
			return result, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s%s: stopped, %w, while connecting; the last attempt: %w",
				role, e.address(), context.Cause(ctx), err)
		}
		if errors.Is(err, errHostKey) {
			return nil, fmt.Errorf("%s%s: %w", role, e.address(), err)
		}
		failed++
		if limit >= 0 && failed > limit {
			return nil, fmt.Errorf("%s%s: after %d failed attempts: %w", role, e.address(), failed, err)
		}
		p.GetLogger(ctx).InfoStatusf("Dial %s%d/%s failed: retrying", role, failed, bound)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

func (e *Endpoint) once(
	ctx context.Context, attempt func(context.Context) (*ssh.Client, error),
) (*ssh.Client, error) {
	limit := e.timeout()
	if limit <= 0 {
		return attempt(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	result, err := attempt(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return result, err
}

// handshake opens a stream and speaks SSH over it. Tunnels know no deadlines,
// so that the end of ctx closes the stream.
func handshake(
	ctx context.Context, dial func(context.Context, string, string) (net.Conn, error),
	address string, config *ssh.ClientConfig,
) (*ssh.Client, error) {
	stream, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	conn, channels, requests, err := ssh.NewClientConn(stream, address, config)
	if err != nil {
		stop()
		_ = stream.Close()
		return nil, err
	}
	if !stop() {
		_ = conn.Close()
		return nil, context.Cause(ctx)
	}
	return ssh.NewClient(conn, channels, requests), nil
}
