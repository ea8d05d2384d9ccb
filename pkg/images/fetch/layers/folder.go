package layers

import "strings"

// Memory of a name and of a file, in addition to text and content, in bytes: rough upper
// estimates.
const (
	folderCost = 512
	fileCost   = 512
)

// folder is a node of the tree: a file, a directory, or both, because layers can leave both
// under one name.
type folder struct {
	file  *file
	below map[string]*folder
	cost  int64 // in memory: of the name and the file, in bytes
}

// file is a file, a link, or an error.
type file struct {
	data []byte
	link string // absolute; "" for a file
	err  error
}

// way returns the names on the path to an absolute name; none for the root.
func way(name string) []string {
	if name == "/" {
		return nil
	}
	return strings.Split(strings.TrimPrefix(name, "/"), "/")
}

// put adds a file under an absolute name, and returns the additional memory.
func (f *folder) put(name string, added file) int64 {
	grown := int64(0)
	for _, part := range way(name) {
		next := f.below[part]
		if next == nil {
			next = &folder{cost: int64(folderCost + len(part))}
			grown += next.cost
			if f.below == nil {
				f.below = map[string]*folder{}
			}
			f.below[part] = next
		}
		f = next
	}
	difference := added.cost(name)
	if f.file != nil {
		difference -= f.file.cost(name)
	}
	f.file = &added
	f.cost += difference
	return grown + difference
}

// cost returns the memory of a file.
func (f file) cost(name string) int64 {
	return int64(fileCost + len(name) + len(f.data) + len(f.link))
}

// remove removes a name and everything below it, and returns the freed memory. The root
// stays.
func (f *folder) remove(name string) int64 {
	slash := strings.LastIndexByte(name, '/')
	last := name[slash+1:]
	above := f.find(name[:max(slash, 1)])
	if above == nil || above.below[last] == nil {
		return 0
	}
	given := above.below[last].total()
	delete(above.below, last)
	return given
}

// empty removes everything below a name, and returns the freed memory.
func (f *folder) empty(name string) int64 {
	emptied := f.find(name)
	if emptied == nil {
		return 0
	}
	given := emptied.total() - emptied.cost
	emptied.below = nil
	return given
}

// find returns the node of an absolute name, or nil.
func (f *folder) find(name string) *folder {
	for _, part := range way(name) {
		if f = f.below[part]; f == nil {
			return nil
		}
	}
	return f
}

// total returns the memory of a name and everything below it.
func (f *folder) total() int64 {
	sum := f.cost
	for _, next := range f.below {
		sum += next.total()
	}
	return sum
}

// each calls do with every file and its name, which starts with the name of the folder.
func (f *folder) each(name string, do func(name string, found file)) {
	if f.file != nil {
		do(name, *f.file)
	}
	for part, next := range f.below {
		next.each(name+"/"+part, do)
	}
}
