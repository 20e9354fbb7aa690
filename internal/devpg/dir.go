package devpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
)

var folderName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$`)

// DefaultDir is the folder in which the server of the given name keeps its data: below the user's cache folder; for
// root, whose home the server's own user cannot reach, below /var/cache; below /var/tmp where there is neither. The
// name is 1 to 100 letters, digits, '-', '_' and '.', and does not begin with '.'.
func DefaultDir(name string) (string, error) {
	if !folderName.MatchString(name) {
		return "", fmt.Errorf("%q cannot name a database folder: use 1 to 100 letters, digits, '-', '_' and '.', not beginning with '.'", name)
	}
	base, err := baseDir(os.Environ())
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "servers", name), nil
}

// baseDir is the folder below which this user's servers and downloads live. It exists when there is no error.
func baseDir(environ []string) (string, error) {
	if os.Geteuid() == 0 {
		if base := "/var/cache/fraiseql"; makeBase(base, 0o711) == nil {
			return base, nil
		}
		base := sharedPath()
		return base, makeBase(base, 0o711)
	}
	cache, err := userCache(environ)
	if err == nil {
		base := filepath.Join(cache, "fraiseql")
		if err = os.MkdirAll(base, 0o700); err == nil {
			return base, nil
		}
	}
	// Service users have no home, or one that they cannot write to.
	base := sharedPath()
	if sharedErr := makeBase(base, 0o700); sharedErr != nil {
		return "", fmt.Errorf("no folder for the data: %w", errors.Join(err, sharedErr))
	}
	return base, nil
}

// userCache is os.UserCacheDir on a given environment.
func userCache(environ []string) (string, error) {
	home := lookup(environ, "HOME")
	switch runtime.GOOS {
	case "windows":
		if dir := lookup(environ, "LocalAppData"); dir != "" {
			return dir, nil
		}
		return "", errors.New("%LocalAppData% is not set: set it")
	case "darwin":
		if home != "" {
			return filepath.Join(home, "Library", "Caches"), nil
		}
	default:
		if dir := lookup(environ, "XDG_CACHE_HOME"); filepath.IsAbs(dir) {
			return dir, nil
		}
		if home != "" {
			return filepath.Join(home, ".cache"), nil
		}
	}
	return "", errors.New("HOME is not set: set it to a folder that you can write to")
}

// sharedPath is this user's folder in /var/tmp.
func sharedPath() string { return filepath.Join("/var/tmp", "fraiseql-"+strconv.Itoa(os.Geteuid())) }

// makeBase makes the folder. Everybody can write to /var/tmp, so a folder that somebody else prepared under that name is
// refused: what is in it decides which programs run.
func makeBase(base string, perm os.FileMode) error {
	if runtime.GOOS == "windows" {
		return ErrUnsupported
	}
	if err := os.Mkdir(base, perm); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := ownedByUs(base); err != nil {
		return err
	}
	return os.Chmod(base, perm) // the umask may have taken the right to pass
}

// downloadFolders lists where Fetch may have put programs earlier; none for root, for whom Fetch does nothing.
func downloadFolders(environ []string) []string {
	if os.Geteuid() == 0 {
		return nil
	}
	var folders []string
	if cache, err := userCache(environ); err == nil {
		folders = append(folders, filepath.Join(cache, "fraiseql", "programs"))
	}
	if base := sharedPath(); ownedByUs(base) == nil {
		folders = append(folders, filepath.Join(base, "programs"))
	}
	return folders
}

// ownedByUs refuses a folder that another user owns or can write to.
func ownedByUs(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder: move it away", dir)
	case ownerOf(info) != os.Geteuid():
		return fmt.Errorf("%s belongs to user %d, not to you (%d): move it away", dir, ownerOf(info), os.Geteuid())
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s can be written to by other users (mode %04o): run chmod go-w on it", dir, info.Mode().Perm())
	}
	return nil
}
