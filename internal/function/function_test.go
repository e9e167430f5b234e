package function

import (
	"log/slog"
	"testing"
	"time"

	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// What the settings say of every bucket reaches the warden.
func TestNewWarden_DoesAsTheSettingsSay(t *testing.T) {
	cfg, err := settings.Read([]string{settings.Settle + "=7s", settings.Mode + "=report"})
	if err != nil {
		t.Fatal(err)
	}
	w := newWarden(cfg, newCloud(cfg, slog.New(slog.DiscardHandler)))
	if w.Settle != 7*time.Second || w.Mode != ossenc.ReportOnly {
		t.Errorf("settle %v, mode %q", w.Settle, w.Mode)
	}
}
