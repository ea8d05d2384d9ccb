package trace

import (
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// family is the kind of packages that a manager installs.
func family(manager string) string {
	switch manager {
	case "apt", "apt-get", "aptitude":
		return "apt"
	case "yum", "dnf", "microdnf", "tdnf":
		return "yum"
	}
	return manager
}

// packages is a manager of packages: apt, yum and the like.
func packages(c *command) error {
	o := parse(c.args, "otcxd", "--option", "--target-release", "--config-file", "--enablerepo", "--disablerepo", "--repo", "--repofrompath", "--exclude",
		"--setopt", "--releasever", "--installroot", "--repository")
	if len(o.rest) == 0 {
		return nil
	}
	verb, names := o.rest[0], o.rest[1:]
	switch {
	case verb == "config-manager" || verb == "addrepo" || verb == "ar":
		return repository(c)
	case strings.Contains(verb, "list") || verb == "search" || verb == "info" || verb == "show" || verb == "repolist":
		c.unknown()
		return c.print(script.Value(c.name) + "\n")
	case !slices.Contains([]string{"install", "reinstall", "localinstall", "groupinstall", "in", "add", "build-dep"}, verb):
		return nil // update, upgrade, remove, clean, makecache: of what is there
	}
	for _, name := range names {
		c.install(family(c.name), name)
	}
	return nil
}

// install notes a package. One that is named by its address is a file.
func (c *command) install(manager, name string) {
	switch {
	case strings.Contains(name, "://"):
		c.download(name)
	case strings.HasPrefix(name, "/") || strings.HasPrefix(name, "./"): // a file that is here
	case !script.IsKnown(name):
		c.gap(c.at, c.name+" installs "+name+", of which a part is only known on a node")
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.found.Packages) < maxFound {
			c.found.Packages = append(c.found.Packages, Package{name, manager, c.at})
		}
	}
}

// rpm is rpm.
func rpm(c *command) error {
	o := parse(c.args, "Epe", "--eval", "--root")
	if o.has("-E", "--eval") && strings.Contains(o.get("-E", "--eval"), "_arch") {
		return c.print(c.machineName() + "\n")
	}
	if o.has("-q", "--query", "-E", "--eval") {
		c.unknown()
		return c.print(script.Value("rpm") + "\n")
	}
	for _, name := range append(o.rest, o.values["--import"]...) {
		if strings.Contains(name, "://") {
			c.download(name)
		}
	}
	return nil
}

// repository is a command that adds a repository of packages.
func repository(c *command) error {
	o := parse(c.args, "", "--add-repo", "--from-repofile", "--set", "--id", "--name")
	added := slices.Concat(o.values["--add-repo"], o.values["--from-repofile"])
	if c.name == "zypper" {
		added = o.rest[1:]
	}
	for _, address := range added {
		switch {
		case strings.HasSuffix(address, ".repo") && strings.Contains(address, "://"):
			name := "/etc/yum.repos.d/" + address[strings.LastIndex(address, "/")+1:]
			if err := c.files.Write(name, c.download(address)+"\n"); err != nil {
				return err
			}
		case strings.Contains(address, "://"):
			c.addRepository(Repository{URL: address, Entry: address, Where: c.at})
		}
	}
	return nil
}

// addAptRepository is add-apt-repository.
func addAptRepository(c *command) error {
	o := parse(c.args, "PSsc", "--ppa", "--sourceslist", "--uri", "--component")
	for _, entry := range slices.Concat(o.rest, o.values["-P"], o.values["-S"], o.values["--ppa"], o.values["--sourceslist"]) {
		if r, ok := aptLine(entry); ok {
			r.Where = c.at
			c.addRepository(r)
		} else {
			c.gap(c.at, "it adds the repository "+entry+", whose address is not written")
		}
	}
	return nil
}

// aptKey is apt-key.
func aptKey(c *command) error {
	o := parse(c.args, "", "--keyserver", "--recv-keys", "--fetch-keys", "--keyring")
	for _, address := range o.values["--fetch-keys"] {
		c.download(address)
	}
	if o.has("--keyserver") {
		c.markFetching()
		c.gap(c.at, "it gets a key from the key server "+o.get("--keyserver"))
	}
	return nil
}

// addRepository notes a repository.
func (m *machine) addRepository(r Repository) {
	if !script.IsKnown(r.URL) {
		m.gap(r.Where, "a repository of packages is at "+r.URL+", of which a part is only known on a node")
		return
	}
	r.Entry = script.Readable(r.Entry)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.found.Repositories) < maxFound {
		m.found.Repositories = append(m.found.Repositories, r)
	}
}

// repositories reads the files that name repositories, once the scripts have run.
func (m *machine) repositories() {
	for _, name := range m.files.Names() {
		content, _ := m.files.Read(name)
		apt := strings.HasPrefix(name, "/etc/apt/sources.list")
		if !apt && !strings.HasPrefix(name, "/etc/yum.repos.d/") && !strings.HasPrefix(name, "/etc/zypp/repos.d/") {
			continue
		}
		m.mu.Lock()
		m.looked[name] = true
		m.mu.Unlock()
		if address, ok := downloaded(content); ok {
			m.addRepository(Repository{URL: address[:strings.LastIndex(address, "/")+1], Entry: "as in " + address, Where: name})
			continue
		}
		for i, line := range strings.Split(content, "\n") {
			for _, r := range repositoryLine(line, apt) {
				r.Where = where(name, i+1)
				m.addRepository(r)
			}
			if !apt {
				m.addKeys(line, where(name, i+1))
			}
		}
	}
}

// addKeys notes the keys of a repository, which the package manager downloads.
func (m *machine) addKeys(line, at string) {
	key, value, _ := strings.Cut(line, "=")
	if strings.ToLower(strings.TrimSpace(key)) != "gpgkey" {
		return
	}
	for address := range strings.FieldsSeq(value) {
		switch known := script.IsKnown(address) && !strings.Contains(address, "$"); {
		case !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://"): // a file of the machine
		case known && len(address) <= maxURL:
			m.add(Download{URL: address, Where: at})
		default:
			m.gap(at, "the package manager gets the key "+address+", of which a part is only known on a node")
		}
	}
}

// repositoryLine reads a line of a file that names repositories.
func repositoryLine(line string, apt bool) []Repository {
	if apt {
		if r, ok := aptLine(line); ok {
			return []Repository{r}
		}
	}
	key, value, ok := strings.Cut(line, "=")
	if apt {
		key, value, ok = strings.Cut(line, ":") // deb822
	}
	if key = strings.ToLower(strings.TrimSpace(key)); !ok || key != "baseurl" && key != "mirrorlist" && key != "metalink" && key != "uris" {
		return nil
	}
	var all []Repository
	for address := range strings.FieldsSeq(value) {
		if strings.Contains(address, "://") {
			all = append(all, Repository{URL: address, Entry: strings.TrimSpace(line)})
		}
	}
	return all
}

// aptLine reads "deb [options] https://… suite component".
func aptLine(line string) (Repository, bool) {
	fields := strings.Fields(line)
	if len(fields) < 2 || fields[0] != "deb" && fields[0] != "deb-src" {
		return Repository{}, false
	}
	for _, f := range fields[1:] {
		if strings.Contains(f, "://") && !strings.HasPrefix(f, "[") {
			return Repository{URL: f, Entry: strings.TrimSpace(line)}, true
		}
	}
	return Repository{}, false
}

// others are programs that download in ways of their own.
func others(c *command) error {
	if script.Fetches(c.name, c.args) {
		c.gap(c.at, "it downloads by other means than HTTP requests that can be traced: "+c.name+" "+strings.Join(c.args, " "))
	}
	c.unknown()
	return c.print(script.Value(c.name) + "\n")
}
