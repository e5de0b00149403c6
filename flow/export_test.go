package flow

// Resolved returns the configuration in force, with every default filled in.
func (p *Provider) Resolved() Config { return p.cfg }
