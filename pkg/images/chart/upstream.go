package chart

// Upstream maps the references of a release to upstream names.
type Upstream struct {
	Values  map[string]any // the user's values without overrides
	Removed []Override     // the removed overrides
	origins origins
}

// Upstream compares the user's values with the default values of the chart.
func (c *Chart) Upstream(config map[string]any) (Upstream, error) {
	defaults, err := c.defaults(config)
	if err != nil {
		return Upstream{}, err
	}
	kept, removed := withoutOverrides(config, defaults)
	return Upstream{Values: kept, Removed: removed, origins: findOrigins(config, defaults, removed)}, nil
}

// Name returns the upstream name of a reference that was rendered with the user's values. ok is
// false if the reference is on a registry of the overrides, but no override explains it.
func (u Upstream) Name(reference string) (name string, ok bool) { return u.origins.original(reference) }

// DefaultName is Name for a reference that was rendered without the overrides.
func (u Upstream) DefaultName(reference string) (name string, ok bool) {
	o := u.origins
	o.byName = nil
	return o.original(reference)
}
