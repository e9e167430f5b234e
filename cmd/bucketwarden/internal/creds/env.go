package creds

// pair is the names of the variables that hold one key.
type pair struct{ id, secret, token string }

var (
	alibabaPair = pair{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"}
	ossPair     = pair{"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"}
)

// fromEnv takes a pair of variables. Half a pair is an error, and so are two
// pairs that differ: whichever was taken, the user may have meant the other.
func (o Options) fromEnv() (*Source, error) {
	first, err := o.pair(alibabaPair)
	if err != nil {
		return nil, err
	}
	second, err := o.pair(ossPair)
	if err != nil {
		return nil, err
	}
	none := Key{}
	switch {
	case first == none && second == none:
		return nil, nil
	case first == none:
		return fixed(ossPair.id, second), nil
	case second != none && first != second:
		return nil, problem("unset one of the two pairs", "%s and %s hold different keys", alibabaPair.id, ossPair.id)
	}
	return fixed(alibabaPair.id, first), nil
}

func (o Options) pair(p pair) (Key, error) {
	k := Key{o.Env[p.id], o.Env[p.secret], o.Env[p.token]}
	missing := ""
	switch {
	case k == Key{}:
		return k, nil
	case k.ID == "":
		missing = p.id
	case k.Secret == "":
		missing = p.secret
	default:
		return k, nil
	}
	return Key{}, problem("set both, or unset all of "+p.id+", "+p.secret+", "+p.token, "half a key is in the environment: %s is not set", missing)
}

// fixed is a key that does not change.
func fixed(name string, k Key) *Source {
	return &Source{Name: name, get: func() (Key, error) { return k, nil }}
}
