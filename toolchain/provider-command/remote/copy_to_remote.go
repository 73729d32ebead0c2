package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyToRemote is a file or a directory, copied to a machine.
type CopyToRemote struct{}

// CopyToRemoteArgs are a copy's inputs.
type CopyToRemoteArgs struct {
	Connection *Connection          `pulumi:"connection"        provider:"secret"`
	Triggers   *[]any               `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
}

// CopyToRemoteState mirrors the inputs.
type CopyToRemoteState struct {
	CopyToRemoteArgs
}

func (a *CopyToRemoteArgs) hash() string {
	switch {
	case a.Source.Archive != nil:
		return a.Source.Archive.Hash
	case a.Source.Asset != nil:
		return a.Source.Asset.Hash
	}
	return ""
}

// Check refuses a source that is neither an asset nor an archive.
func (*CopyToRemote) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[CopyToRemoteArgs], error) {
	args, failures, err := infer.DefaultCheck[CopyToRemoteArgs](ctx, req.NewInputs)
	source := req.NewInputs.Get("source")
	if err == nil && !source.IsComputed() && args.Source.Asset == nil && args.Source.Archive == nil {
		failures = append(failures, p.CheckFailure{
			Property: "source",
			Reason:   "source must be an asset or an archive: a FileAsset, a StringAsset or a FileArchive",
		})
	}
	return infer.CheckResponse[CopyToRemoteArgs]{Inputs: args, Failures: failures}, err
}

// Create copies.
func (*CopyToRemote) Create(
	ctx context.Context, req infer.CreateRequest[CopyToRemoteArgs],
) (infer.CreateResponse[CopyToRemoteState], error) {
	response := infer.CreateResponse[CopyToRemoteState]{Output: CopyToRemoteState{req.Inputs}}
	if req.DryRun {
		return response, nil
	}
	if err := req.Inputs.copy(ctx); err != nil {
		return response, err
	}
	var err error
	response.ID, err = resource.NewUniqueHex("", 8, 0)
	return response, err
}

// Update copies again if the content or the place changed.
func (*CopyToRemote) Update(
	ctx context.Context, req infer.UpdateRequest[CopyToRemoteArgs, CopyToRemoteState],
) (infer.UpdateResponse[CopyToRemoteState], error) {
	var err error
	changed := req.Inputs.hash() != req.State.hash() || req.Inputs.RemotePath != req.State.RemotePath
	if changed && !req.DryRun {
		err = req.Inputs.copy(ctx)
	}
	return infer.UpdateResponse[CopyToRemoteState]{Output: CopyToRemoteState{req.Inputs}}, err
}

func (a *CopyToRemoteArgs) copy(ctx context.Context) error {
	client, err := a.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	files, err := sftp.NewClient(client.Client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return fmt.Errorf("%s: the server offers no SFTP: %w", a.Connection.address(), err)
	}
	defer files.Close()
	remote := machine{files}
	if a.Source.Asset != nil {
		err = remote.putAsset(a.Source.Asset, a.RemotePath)
	} else {
		err = remote.putArchive(a.Source.Archive, a.RemotePath)
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("copy to %s stopped, %w: %w", a.RemotePath, context.Cause(ctx), err)
	}
	return err
}

// machine is the file system at the other end.
type machine struct{ files *sftp.Client }

func (m machine) putAsset(asset *resource.Asset, to string) error {
	switch {
	case asset.IsText():
		found, err := m.stat(to)
		if err != nil {
			return err
		}
		if found != nil && found.IsDir() {
			return fmt.Errorf("remotePath %s is a directory; a text asset needs the path of a file", to)
		}
		return m.write(strings.NewReader(asset.Text), to)
	case asset.IsPath():
		return m.putPath(asset.Path, to)
	case asset.IsURI():
		blob, err := asset.Read()
		if err != nil {
			return fmt.Errorf("asset %s cannot be read: %w", asset.URI, err)
		}
		defer blob.Close()
		return m.putFile(blob, base(asset.URI), to)
	}
	return errors.New("the asset has neither text nor a path nor a URI")
}

func (m machine) putArchive(archive *resource.Archive, to string) error {
	switch {
	case archive.IsPath():
		return m.putPath(archive.Path, to)
	case archive.IsURI():
		_, blob, err := archive.ReadSourceArchive()
		if err != nil {
			return fmt.Errorf("archive %s cannot be read: %w", archive.URI, err)
		}
		if blob == nil {
			return fmt.Errorf("%s is no archive of a known format (.tar, .tgz, .tar.gz, .zip, .jar)", archive.URI)
		}
		defer blob.Close()
		return m.putFile(blob, base(archive.URI), to)
	case archive.IsAssets():
		return m.putEntries(archive, to)
	}
	return errors.New("the archive has neither a path nor a URI nor assets")
}

func (m machine) putEntries(archive *resource.Archive, to string) error {
	if err := m.directory(to, true); err != nil {
		return err
	}
	entries, err := archive.Open()
	if err != nil {
		return fmt.Errorf("the archive cannot be opened: %w", err)
	}
	defer entries.Close()
	for {
		name, blob, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the archive cannot be read: %w", err)
		}
		err = m.write(blob, path.Join(to, name))
		_ = blob.Close()
		if err != nil {
			return err
		}
	}
}

// putPath copies a local file or directory. A file goes to `to`, or into it if
// that is a directory. A directory goes into `to`; with a slash at its end,
// its content does.
func (m machine) putPath(from, to string) error {
	source, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !source.IsDir() {
		file, err := os.Open(from)
		if err != nil {
			return err
		}
		defer file.Close()
		return m.putFile(file, filepath.Base(from), to)
	}
	if err := m.directory(to, true); err != nil {
		return err
	}
	if !strings.HasSuffix(from, "/") {
		to = path.Join(to, filepath.Base(from))
	}
	return fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return m.directory(path.Join(to, name), false)
		}
		file, err := os.Open(filepath.Join(from, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		defer file.Close()
		return m.write(file, path.Join(to, name))
	})
}

// putFile writes to `to`, or to the name within it if that is a directory.
func (m machine) putFile(content io.Reader, name, to string) error {
	found, err := m.stat(to)
	if err != nil {
		return err
	}
	if found != nil && found.IsDir() {
		if name == "" {
			return fmt.Errorf("remotePath %s is a directory and the source has no name of its own; give the path of a file", to)
		}
		to = path.Join(to, name)
	}
	return m.write(content, to)
}

func (m machine) write(content io.Reader, to string) error {
	if err := m.files.MkdirAll(path.Dir(to)); err != nil {
		return fmt.Errorf("remote directory %s cannot be made: %w", path.Dir(to), err)
	}
	file, err := m.files.Create(to)
	if err != nil {
		return fmt.Errorf("remote file %s cannot be made: %w", to, err)
	}
	if _, err := file.ReadFrom(content); err != nil {
		_ = file.Close()
		return fmt.Errorf("remote file %s cannot be written: %w", to, err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("remote file %s cannot be written: %w", to, err)
	}
	return nil
}

func (m machine) directory(name string, parents bool) error {
	found, err := m.stat(name)
	switch {
	case err != nil:
		return err
	case found != nil && !found.IsDir():
		return fmt.Errorf("remote path %s exists and is no directory", name)
	case found != nil:
		return nil
	case parents:
		err = m.files.MkdirAll(name)
	default:
		err = m.files.Mkdir(name)
	}
	if err != nil {
		return fmt.Errorf("remote directory %s cannot be made: %w", name, err)
	}
	return nil
}

func (m machine) stat(name string) (fs.FileInfo, error) {
	found, err := m.files.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("remote path %s cannot be looked at: %w", name, err)
	}
	return found, nil
}

// base is the last name in a URI's path, or nothing.
func base(uri string) string {
	parsed, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	if name := path.Base(parsed.Path); name != "/" && name != "." {
		return name
	}
	return ""
}
