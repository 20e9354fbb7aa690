package devpg

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// fetchCure is what a user does when the download is no way.
const fetchCure = "install the PostgreSQL server (version 14 or newer) with the system's package manager, or set " + BinVariable + " to the folder of its programs"

// FetchOptions says where Fetch takes the programs from and where it puts them.
type FetchOptions struct {
	// Dir is the folder for the programs. Default: programs, below the user's cache folder; Find looks there too.
	Dir string

	// RepositoryURL is the address of the repository of archives, for mirrors. Default: the launcher library's.
	RepositoryURL string

	// Logger gets a line before the download, which takes from seconds to a minute. Default slog.Default().
	Logger *slog.Logger
}

// FindOrFetch is Find, and Fetch when this machine has no usable programs.
func FindOrFetch(ctx context.Context, environ []string, o FetchOptions) (Programs, error) {
	programs, err := Find(environ)
	if !errors.Is(err, ErrNotFound) {
		return programs, err
	}
	programs, fetchErr := Fetch(ctx, o)
	if fetchErr != nil {
		return Programs{}, fmt.Errorf("%w; %w", err, fetchErr)
	}
	return programs, nil
}

// Fetch downloads PostgreSQL's programs, verifies and unpacks them and starts them once to prove that they run here.
// What an earlier Fetch brought is used again. It refuses to run as root, as the programs cannot be tried then.
//
// When ctx ends during the download, Fetch returns at once, but the download itself cannot be broken off and goes on
// in the background until it is done or the process ends; what it unpacks is then thrown away.
func Fetch(ctx context.Context, o FetchOptions) (Programs, error) {
	if os.Geteuid() == 0 {
		return Programs{}, fmt.Errorf("PostgreSQL is not downloaded for root, as it does not run as root: run this command as an ordinary user, or %s", fetchCure)
	}
	if err := ctx.Err(); err != nil {
		return Programs{}, context.Cause(ctx)
	}
	if o.Dir == "" {
		base, err := baseDir(os.Environ())
		if err != nil {
			return Programs{}, err
		}
		o.Dir = filepath.Join(base, "programs")
	}
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if !filepath.IsAbs(o.Dir) {
		return Programs{}, fmt.Errorf("FetchOptions.Dir %q is relative: give an absolute folder", o.Dir)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return Programs{}, err
	}
	job := download{options: o, version: embedded.V18}
	if programs, err := inspect(job.bin(), "download"); err == nil {
		return programs, nil
	}
	type result struct {
		programs Programs
		err      error
	}
	results := make(chan result, 1)
	go func() {
		programs, err := job.run(ctx)
		results <- result{programs, err}
	}()
	select {
	case r := <-results:
		return r.programs, r.err
	case <-ctx.Done():
	}
	if job.arrived() { // only seconds are left, and a server may be running
		r := <-results
		return r.programs, cmp.Or(r.err, context.Cause(ctx))
	}
	return Programs{}, fmt.Errorf("download PostgreSQL: %w", context.Cause(ctx))
}

// download is one fetch of one version:
//
//	VERSION/         the programs, when they are proven
//	VERSION.part/    archive, programs and a trial server's data until then
type download struct {
	options FetchOptions
	version embedded.PostgresVersion
}

func (d download) final() string { return filepath.Join(d.options.Dir, string(d.version)) }
func (d download) part() string  { return d.final() + ".part" }
func (d download) bin() string   { return filepath.Join(d.final(), "bin") }

// arrived tells whether the archive is there, which the library renames into place when it is whole.
func (d download) arrived() bool {
	archives, err := filepath.Glob(filepath.Join(d.part(), "archive", "*.txz"))
	return err == nil && len(archives) > 0
}

func (d download) run(ctx context.Context) (_ Programs, err error) {
	unlock, err := lockDownloads(ctx, d.options.Dir)
	if err != nil {
		return Programs{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if programs, err := inspect(d.bin(), "download"); err == nil {
		return programs, nil // another process was faster
	}
	if err := healData(ctx, filepath.Join(d.part(), "trial", "data"), d.options.Logger); err != nil {
		return Programs{}, err
	}
	// Half a download is never used again, so that a damaged one heals by itself.
	if err := errors.Join(os.RemoveAll(d.part()), os.RemoveAll(d.final()), os.Mkdir(d.part(), 0o700)); err != nil {
		return Programs{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.part())) }()
	if err := d.try(ctx); err != nil {
		return Programs{}, err
	}
	if err := ctx.Err(); err != nil {
		return Programs{}, context.Cause(ctx)
	}
	if err := os.Rename(filepath.Join(d.part(), "programs"), d.final()); err != nil {
		return Programs{}, err
	}
	return inspect(d.bin(), "download")
}

// try lets the library download, verify, unpack, start and stop. Another program may take the port before the trial
// server has it: then it is tried again with another, and the archive is not downloaded twice.
func (d download) try(ctx context.Context) error {
	o := d.options
	o.Logger.Info("downloading PostgreSQL (once)", "version", string(d.version), "to", o.Dir)
	for tries := 1; ; tries++ {
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		var log bytes.Buffer
		config := embedded.DefaultConfig().
			Version(d.version).Port(uint32(port)).Locale("C").Encoding("UTF8").Logger(&log).
			CachePath(filepath.Join(d.part(), "archive")).
			BinariesPath(filepath.Join(d.part(), "programs")).
			RuntimePath(filepath.Join(d.part(), "trial")).
			DataPath(filepath.Join(d.part(), "trial", "data")).
			StartParameters(map[string]string{"listen_addresses": "localhost", "unix_socket_directories": "", "fsync": "off"})
		if o.RepositoryURL != "" {
			config = config.BinaryRepositoryURL(strings.TrimRight(o.RepositoryURL, "/"))
		}
		server := embedded.NewDatabase(config)
		err = server.Start()
		if err == nil {
			if err := server.Stop(); err != nil {
				return fmt.Errorf("stop the downloaded PostgreSQL %s after its trial: %w: %s", d.version, err, log.String())
			}
			return nil
		}
		taken := strings.Contains(err.Error(), "already listening") || strings.Contains(err.Error(), "could not create any TCP/IP sockets")
		if taken && tries < maxPorts && ctx.Err() == nil {
			continue
		}
		if !d.arrived() {
			return fmt.Errorf("download PostgreSQL %s for %s/%s: %w (is this machine online, and behind a proxy is HTTPS_PROXY set?): %s",
				d.version, runtime.GOOS, runtime.GOARCH, err, fetchCure)
		}
		return fmt.Errorf("the downloaded PostgreSQL %s does not run here: %w: %s", d.version, err, fetchCure)
	}
}
