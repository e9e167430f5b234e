package fc

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// environ returns the child's whole environment. Nothing of the caller's own
// is in it, so a function that works here does not lean on this machine.
func (c Config) environ(instanceID string, own []string) []string {
	system := []string{
		"FC_ACCOUNT_ID=" + c.AccountID,
		"FC_FUNC_CODE_PATH=" + strings.TrimSuffix(cmp.Or(c.Dir, filepath.Dir(c.Command[0])), "/") + "/",
		"FC_FUNCTION_HANDLER=" + c.Handler,
		"FC_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(c.MemoryMB),
		"FC_FUNCTION_NAME=" + c.FunctionName,
		"FC_FUNCTION_VERSION=" + c.Qualifier,
		"FC_INSTANCE_ID=" + instanceID,
		"FC_REGION=" + c.Region,
	}
	return slices.Concat(base(), c.Env, system, own, c.keys())
}

func base() []string {
	tmp := os.TempDir()
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + tmp, "TMPDIR=" + tmp}
}

// keys are the role's keys as they are when the instance starts; they stay so
// for its life, as on the platform.
func (c Config) keys() []string {
	k := c.Credentials()
	if k.AccessKeyID == "" {
		return nil
	}
	return []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + k.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + k.AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN=" + k.SecurityToken,
	}
}
