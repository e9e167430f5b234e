package settings

import (
	"fmt"
	"strings"
	"testing"
)

func TestRead_SweepRegions(t *testing.T) {
	for value, want := range map[string]string{
		"":                                   "[]",
		"cn-hangzhou":                        "[cn-hangzhou]",
		"cn-hangzhou, ap-southeast-1":        "[cn-hangzhou ap-southeast-1]",
		"cn-hangzhou,":                       `"" is not a region ID`,
		"oss-cn-hangzhou":                    "not a region ID",
		"cn-hangzhou,cn-hangzhou":            "given twice",
		strings.Repeat("cn-x,", 99) + "cn-y": "at most",
	} {
		cfg, err := Read([]string{SweepContinue + "=self", SweepRegions + "=" + value})
		if got := fmt.Sprint(cfg.SweepRegions); err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %s, %v", value, got, err)
		}
	}
	if _, err := Read([]string{SweepRegions + "=cn-hangzhou"}); err == nil || !strings.Contains(err.Error(), SweepContinue+"=self") {
		t.Errorf("without %s: %v", SweepContinue, err)
	}
}
