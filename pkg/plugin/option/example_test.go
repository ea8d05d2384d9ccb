package option_test

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

func ExampleAddGroups() {
	flags := pflag.NewFlagSet("sync", pflag.ContinueOnError)
	option.AddGroups(flags,
		option.Group{Title: "Transfer", Add: func(flags *pflag.FlagSet) {
			flags.String("rate", "", "Rate for the forecast of the time")
		}},
		option.Group{Title: "Output", Add: func(flags *pflag.FlagSet) {
			flags.Bool("no-progress", false, "Show no progress")
		}},
	)
	for _, section := range option.Sections(flags) {
		fmt.Printf("%s:\n%s", section.Title, section.Text)
	}
	// Output:
	// Transfer:
	//       --rate string   Rate for the forecast of the time
	// Output:
	//       --no-progress   Show no progress
}

func ExampleParseRate() {
	for _, text := range []string{"40MiB/s", "400Mbit/s", "fast"} {
		rate, err := option.ParseRate("rate", text)
		fmt.Println(rate, err)
	}
	// Output:
	// 41943040 <nil>
	// 50000000 <nil>
	// 0 --rate "fast": write bytes or bits per second, such as 40MiB/s or 400Mbit/s
}
