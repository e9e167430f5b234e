// Package settings is the one place that names the settings, the environment
// variables WARDEN_*. Libraries return errors about their own fields; this package
// says which setting is wrong.
//
// # What to call
//
// [Read] returns every setting as a [Config], or every problem at once.
package settings

import "slices"

// Prefix begins the name of every setting.
const Prefix = "WARDEN_"

// The settings; docs/settings.md explains each.
const (
	Algorithm         = "WARDEN_ALGORITHM"
	KMSKeyID          = "WARDEN_KMS_KEY_ID"
	KMSDataEncryption = "WARDEN_KMS_DATA_ENCRYPTION"
	Compare           = "WARDEN_COMPARE"
	Mode              = "WARDEN_MODE"
	Policy            = "WARDEN_POLICY"
	Settle            = "WARDEN_SETTLE"
	OSSEndpoint       = "WARDEN_OSS_ENDPOINT"
	OSSInternal       = "WARDEN_OSS_INTERNAL"
	OSSShared         = "WARDEN_OSS_SHARED_CONNECTIONS"
	KMSEndpoint       = "WARDEN_KMS_ENDPOINT"
	STSEndpoint       = "WARDEN_STS_ENDPOINT"
	TrailEndpoint     = "WARDEN_ACTIONTRAIL_ENDPOINT"
	Trail             = "WARDEN_ACTIONTRAIL"
	RoleName          = "WARDEN_ROLE_NAME"
	LogLevel          = "WARDEN_LOG_LEVEL"
	HTTPAuth          = "WARDEN_HTTP_AUTH"
	HTTPTokens        = "WARDEN_HTTP_TOKENS"
	HTTPAllow         = "WARDEN_HTTP_ALLOW"
	EventBridgeURL    = "WARDEN_EVENTBRIDGE_URL"
	EventBridgeCert   = "WARDEN_EVENTBRIDGE_CERT"
	ConfigSite        = "WARDEN_CONFIG_SITE"
	ConfigEndpoint    = "WARDEN_CONFIG_ENDPOINT"
	RawEvents         = "WARDEN_RAW_EVENTS"
	Invoke            = "WARDEN_INVOKE"
	SweepContinue     = "WARDEN_SWEEP_CONTINUE"
	SweepMaxHops      = "WARDEN_SWEEP_MAX_HOPS"
	SweepRegions      = "WARDEN_SWEEP_REGIONS"
	FCEndpoint        = "WARDEN_FC_ENDPOINT"
	PlanAge           = "WARDEN_PLAN_AGE"
	DirectoryEndpoint = "WARDEN_RESOURCE_DIRECTORY_ENDPOINT"
)

// names are all settings. To add one: a constant, its place here, its reading in
// this package, and a row in docs/settings.md.
var names = []string{
	Algorithm, KMSKeyID, KMSDataEncryption, Compare, Mode, Policy, Settle,
	OSSEndpoint, OSSInternal, OSSShared, KMSEndpoint, STSEndpoint, TrailEndpoint, Trail, RoleName, LogLevel,
	HTTPAuth, HTTPTokens, HTTPAllow, EventBridgeURL, EventBridgeCert,
	ConfigSite, ConfigEndpoint, RawEvents, Invoke, SweepContinue, SweepMaxHops, SweepRegions, FCEndpoint, PlanAge, DirectoryEndpoint,
}

// Names returns the names of all settings. A variable that begins with [Prefix]
// and is not one of them is an error.
func Names() []string { return slices.Clone(names) }
