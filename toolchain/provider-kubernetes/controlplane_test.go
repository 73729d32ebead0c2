package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// The tests run against a real API server with etcd and the controllers that
// they need, and against no nodes: pods are made ready by hand. The binaries
// come from the directory KUBEBUILDER_ASSETS, or from PATH.
type controlPlane struct {
	directory  string
	kubeconfig string
	processes  []*exec.Cmd
	err        error
}

var (
	plane     controlPlane
	planeOnce sync.Once
)

func TestMain(m *testing.M) {
	code := m.Run()
	for _, process := range plane.processes {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	if plane.directory != "" {
		_ = os.RemoveAll(plane.directory)
	}
	os.Exit(code)
}

func binary(name string) (string, error) {
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		return exec.LookPath(filepath.Join(assets, name))
	}
	return exec.LookPath(name)
}

// testCluster returns the kubeconfig of the running control plane.
func testCluster(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
		if _, err := binary(name); err != nil {
			t.Skipf("needs etcd, kube-apiserver and kube-controller-manager in KUBEBUILDER_ASSETS or PATH: %v", err)
		}
	}
	planeOnce.Do(func() { plane.err = plane.start() })
	if plane.err != nil {
		t.Fatal(plane.err)
	}
	return plane.kubeconfig
}

func (c *controlPlane) run(name string, args ...string) error {
	path, err := binary(name)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(c.directory, name+".log"))
	if err != nil {
		return err
	}
	process := exec.Command(path, args...)
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c.processes = append(c.processes, process)
	return process.Start()
}

// freePort finds a port after this one that nobody has. It is none of those that the system takes for connections of its own (from 32768 on):
// until a server listens there, another program's connection could take it.
func freePort(after int) (int, error) {
	for port := after + 1; port < 32768; port++ {
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("no port from %d to 32767 is free", after+1)
}

func (c *controlPlane) start() error {
	var err error
	if c.directory, err = os.MkdirTemp("", "control-plane-"); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(c.directory, name) }
	var ports [3]int
	for i, port := 0, 20000+mathrand.IntN(10000); i < len(ports); i++ {
		if port, err = freePort(port); err != nil {
			return err
		}
		ports[i] = port
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	server := fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	c.kubeconfig = fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "%s", insecure-skip-tls-verify: true}}]
users: [{name: test, user: {token: test-token-5521}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
`, server)
	for name, content := range map[string]string{
		"key": string(block), "tokens": "test-token-5521,admin,1,\"system:masters\"\n", "kubeconfig": c.kubeconfig,
	} {
		if err := os.WriteFile(in(name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	etcd, peers := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	err = c.run("etcd", "--data-dir="+in("etcd"), "--listen-client-urls="+etcd, "--advertise-client-urls="+etcd,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers, "--unsafe-no-fsync")
	if err != nil {
		return err
	}
	err = c.run("kube-apiserver", "--etcd-servers="+etcd, "--cert-dir="+in("certs"), fmt.Sprintf("--secure-port=%d", ports[2]),
		"--bind-address=127.0.0.1", "--token-auth-file="+in("tokens"), "--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.250.0.0/24", "--service-account-issuer=https://test",
		"--service-account-key-file="+in("key"), "--service-account-signing-key-file="+in("key"),
		"--disable-admission-plugins=ServiceAccount")
	if err != nil {
		return err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(c.kubeconfig))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if _, err = client.RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background()); err == nil {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("the API server did not come up: %w", err)
		}
	}
	return c.run("kube-controller-manager", "--kubeconfig="+in("kubeconfig"), "--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file="+in("key"),
		"--controllers=garbage-collector-controller,deployment-controller,replicaset-controller,namespace-controller,job-controller")
}

func typedClient(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(testCluster(t)))
	check(t, err)
	client, err := kubernetes.NewForConfig(config)
	check(t, err)
	return client
}
