package option

import (
	"strings"

	"github.com/spf13/pflag"
)

// groupAnnotation marks a flag with the group under which help shows the flag.
const groupAnnotation = "kkp-mirror/group"

// Group is a set of flags with a title in help.
type Group struct {
	Title string
	Add   func(*pflag.FlagSet)
}

// AddGroups adds the flags of each group to those of a command.
func AddGroups(flags *pflag.FlagSet, groups ...Group) {
	for _, group := range groups {
		set := pflag.NewFlagSet(group.Title, pflag.ContinueOnError)
		set.SortFlags = false
		group.Add(set)
		set.VisitAll(func(flag *pflag.Flag) {
			if flag.Annotations == nil {
				flag.Annotations = map[string][]string{}
			}
			flag.Annotations[groupAnnotation] = []string{group.Title}
		})
		flags.AddFlagSet(set)
	}
}

// Section is a group of flags in help.
type Section struct{ Title, Text string }

// Sections returns the flags of all sets that are not hidden by group, in the order in which the
// groups were added.
func Sections(sets ...*pflag.FlagSet) []Section {
	var titles []string
	groups := map[string]*pflag.FlagSet{}
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.SortFlags = false
	for _, set := range sets {
		set.SortFlags = false
		all.AddFlagSet(set) // without the flags that are in an earlier set
	}
	all.VisitAll(func(flag *pflag.Flag) {
		title := strings.Join(flag.Annotations[groupAnnotation], "")
		if flag.Hidden || title == "" {
			return
		}
		if groups[title] == nil {
			groups[title] = pflag.NewFlagSet(title, pflag.ContinueOnError)
			groups[title].SortFlags = false
			titles = append(titles, title)
		}
		groups[title].AddFlag(flag)
	})
	sections := make([]Section, 0, len(titles))
	for _, title := range titles {
		sections = append(sections, Section{Title: title, Text: groups[title].FlagUsagesWrapped(100)})
	}
	return sections
}

// Given returns the flags of a group that the user gave, as arguments of another command. A flag with
// a credential as its value is left out.
func Given(flags *pflag.FlagSet, title string) []string {
	var args []string
	flags.Visit(func(flag *pflag.Flag) {
		if strings.Join(flag.Annotations[groupAnnotation], "") != title || flag.Name == "token" || flag.Name == "password" {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			args = append(args, "--"+flag.Name+"="+value)
		}
	})
	return args
}
