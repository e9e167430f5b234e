package creds

import (
	"fmt"

	"github.com/aliyun/credentials-go/credentials/providers"
	"gopkg.in/ini.v1"
)

// file reads the credentials file of the vendor's SDKs; nil without one.
func (o Options) file() (*ini.File, error) {
	data, err := readFile(o.filePath())
	if err != nil || data == nil {
		return nil, err
	}
	f, err := ini.Load(data)
	if err != nil { // its text repeats the line
		return nil, problem("", "%s is not an INI file; its content is not shown, because it may hold secrets", o.filePath())
	}
	return f, nil
}

func section(f *ini.File, name string) *ini.Section {
	if f == nil || !f.HasSection(name) {
		return nil
	}
	if s := f.Section(name); len(s.Keys()) > 0 {
		return s
	}
	return nil
}

func sections(f *ini.File) []string {
	var names []string
	if f != nil {
		for _, s := range f.Sections() {
			if len(s.Keys()) > 0 {
				names = append(names, s.Name())
			}
		}
	}
	return names
}

// fromFile takes the section "default", or the one that ALIBABA_CLOUD_PROFILE
// names.
func (o Options) fromFile() (*Source, error) {
	f, err := o.file()
	if err != nil {
		return nil, err
	}
	name := o.Env["ALIBABA_CLOUD_PROFILE"]
	if name == "" {
		name = "default"
	}
	s := section(f, name)
	if s == nil {
		return nil, nil
	}
	return o.fromSection(s)
}

func (o Options) fromSection(s *ini.Section) (*Source, error) {
	kind := s.Key("type").String()
	name := fmt.Sprintf("section %q (%s) of %s", s.Name(), kind, o.filePath())
	key := func(name string) string { return s.Key(name).String() }
	switch kind {
	case "access_key":
		p, err := providers.NewStaticAKCredentialsProviderBuilder().WithAccessKeyId(key("access_key_id")).WithAccessKeySecret(key("access_key_secret")).Build()
		return o.source(name, "", p, err)
	case "sts":
		p, err := providers.NewStaticSTSCredentialsProviderBuilder().WithAccessKeyId(key("access_key_id")).WithAccessKeySecret(key("access_key_secret")).WithSecurityToken(key("security_token")).Build()
		return o.source(name, "", p, err)
	case "ecs_ram_role":
		p, err := providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(key("role_name")).Build()
		return o.source(name, "", p, err)
	case "ram_role_arn":
		p, err := o.provider(cliConfig{}, &cliProfile{Mode: "RamRoleArn", ID: key("access_key_id"), Secret: key("access_key_secret"), RoleARN: key("role_arn"), Session: key("role_session_name"), Policy: key("policy")}, nil)
		return o.source(name, "", p, err)
	}
	return nil, problem("the types are access_key, sts, ram_role_arn and ecs_ram_role", "section %q of %s has the type %.40q, which is not supported here", s.Name(), o.filePath(), kind)
}
