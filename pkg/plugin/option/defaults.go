package option

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/settings"
)

// mirrorSetting is the setting for TARGET or REGISTRY, which is an argument and not a flag.
const mirrorSetting = "mirror"

// caFileSetting is the setting with the name of a file.
const caFileSetting = "ca-file"

// configVariable names the configuration file. The flag --config takes precedence.
const configVariable = "KKP_MIRROR_CONFIG"

// settingKeys are the settings, in the order of the documentation.
func settingKeys() []settings.Key {
	return []settings.Key{
		{Name: mirrorSetting, Kind: settings.Text},
		{Name: "registry-map", Kind: settings.List},
		{Name: caFileSetting, Kind: settings.Text},
		{Name: "plain-http", Kind: settings.List},
		{Name: "insecure", Kind: settings.List},
		{Name: "jobs", Kind: settings.Number},
		{Name: "registry-timeout", Kind: settings.Duration},
		{Name: "max-wait", Kind: settings.Duration},
	}
}

// Defaults are values for flags that the command line does not give. They come from the environment
// and, with lower precedence, from a configuration file.
type Defaults struct {
	file string // of --config
	flag *pflag.Flag
}

// Add adds the flag for the configuration file.
func (d *Defaults) Add(flags *pflag.FlagSet) {
	flags.StringVar(&d.file, "config", "", "Read default values of flags from this `file` (default: $"+configVariable+", or kkp-mirror/config.yaml in the user's configuration directory)")
	d.flag = flags.Lookup("config")
}

// Settings returns the values of the environment and the configuration file. A file that is wrong
// is a usage error.
func (d *Defaults) Settings() ([]settings.Setting, error) {
	fromEnvironment, err := settings.FromEnvironment(settingKeys(), os.LookupEnv)
	if err != nil {
		return nil, Usage(err)
	}
	fromFile, err := d.read()
	if err != nil {
		return nil, Usage(err)
	}
	merged := settings.Merge(fromEnvironment, fromFile)
	for i, setting := range merged {
		if merged[i], err = checkSetting(setting); err != nil {
			return nil, Usagef("%s: %w", setting.Origin, err)
		}
	}
	return merged, nil
}

// Mirror returns the setting for the mirror, false for none.
func (d *Defaults) Mirror() (settings.Setting, bool, error) {
	all, err := d.Settings()
	setting, ok := settings.Find(all, mirrorSetting)
	return setting, ok, err
}

// Apply gives the settings to the flags that the command line does not give, and returns these
// settings. Flags that the command does not have are ignored.
func (d *Defaults) Apply(flags *pflag.FlagSet) ([]settings.Setting, error) {
	if !configurable(flags) {
		return nil, nil
	}
	all, err := d.Settings()
	if err != nil {
		return nil, err
	}
	var applied []settings.Setting
	for _, setting := range all {
		flag := flags.Lookup(setting.Name)
		if flag == nil || flag.Changed {
			continue
		}
		if err := give(flag, setting); err != nil {
			return nil, Usagef("%s: %w", setting.Origin, err)
		}
		applied = append(applied, setting)
	}
	return applied, nil
}

// give gives a setting to a flag. The file of certificates is read, because the error of the
// command would not name the origin of the file.
func give(flag *pflag.Flag, setting settings.Setting) error {
	for _, value := range setting.Values {
		if err := flag.Value.Set(value); err != nil {
			return err
		}
	}
	if setting.Name != caFileSetting {
		return nil
	}
	if _, err := loadCAs(setting.Values[0]); err != nil {
		return fmt.Errorf("%s: %w", caFileSetting, err)
	}
	return nil
}

// configurable tells whether a command has a flag for a setting.
func configurable(flags *pflag.FlagSet) bool {
	for _, key := range settingKeys() {
		if flags.Lookup(key.Name) != nil {
			return true
		}
	}
	return false
}

// read reads the configuration file. Only a file that the user has named must exist.
func (d *Defaults) read() ([]settings.Setting, error) {
	name, named := d.path()
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if absent := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR); absent && !named {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	defer file.Close()
	data, err := bounded.ReadAll(file, settings.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %s: %w", name, err)
	}
	return settings.FromFile(name, data, settingKeys())
}

// path returns the configuration file, "" for none, and whether the user has named the file.
func (d *Defaults) path() (name string, named bool) {
	if d.flag != nil && d.flag.Changed {
		return d.file, true
	}
	if name = os.Getenv(configVariable); name != "" {
		return name, true
	}
	directory, err := os.UserConfigDir()
	if err != nil {
		return "", false
	}
	return filepath.Join(directory, "kkp-mirror", "config.yaml"), false
}

// checkSetting checks the values of a setting, and makes the names of files in a configuration file
// relative to the directory of the configuration file. The error has no value with credentials.
func checkSetting(setting settings.Setting) (settings.Setting, error) {
	check := func(string) error { return nil }
	switch setting.Name {
	case caFileSetting:
		if setting.File != "" && !filepath.IsAbs(setting.Values[0]) {
			setting.Values = []string{filepath.Join(filepath.Dir(setting.File), setting.Values[0])}
		}
		return setting, nil
	case mirrorSetting:
		check = func(text string) error { _, err := images.ParseTarget(text); return err }
	case "registry-map":
		check = func(text string) error { _, err := rewrite.Parse(text); return err }
	case "plain-http":
		check = images.CheckHost
	case "registry-timeout", "max-wait":
		check = func(text string) error { _, err := time.ParseDuration(text); return err }
	case "insecure":
		check = func(text string) error {
			if _, err := strconv.ParseBool(text); err == nil {
				return errors.New("name the hosts whose certificates must not be verified")
			}
			return images.CheckHost(text)
		}
	}
	for _, value := range setting.Values {
		if strings.Contains(value, "@") {
			return setting, fmt.Errorf("%s: a value has an @; the names of registries have no credentials, log in with docker login or podman login", setting.Name)
		}
		if err := check(value); err != nil {
			return setting, fmt.Errorf("%s: %w", setting.Name, err)
		}
	}
	return setting, nil
}
