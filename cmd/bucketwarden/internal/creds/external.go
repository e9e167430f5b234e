package creds

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"time"
	"unicode"

	"github.com/aliyun/credentials-go/credentials/providers"
)

const (
	// externalTimeout bounds a profile's command, which may ask a person.
	externalTimeout = time.Minute
	// externalLife is how long a key without an end is used before the command is
	// run again.
	externalLife  = 10 * time.Minute
	externalSpare = 3 * time.Minute
)

// command is a profile's command that prints a key. It is run here and not by
// credentials-go, which prints what it does not understand to the screen, and
// writes what it does into the CLI's file.
type command struct {
	args []string
	key  *providers.Credentials
	ends time.Time
}

func (o Options) external(p *cliProfile) (providers.CredentialsProvider, error) {
	args := splitCommand(p.Command)
	switch {
	case len(args) == 0:
		return nil, problem("", "it names no command")
	case strings.EqualFold(o.Env["ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"], "true"):
		return nil, problem("", "it runs a command, and ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids that")
	case !o.External:
		return nil, problem("if you trust it, give --allow-external", "it runs a command (%.40q), which is not done unasked", args[0])
	}
	return &command{args: args}, nil
}

// GetProviderName returns what credentials-go's providers call it.
func (*command) GetProviderName() string { return "external" }

// GetCredentials runs the command if the last key has less than three minutes
// left.
func (c *command) GetCredentials() (*providers.Credentials, error) {
	if c.key != nil && time.Until(c.ends) > externalSpare {
		return c.key, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), externalTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	var out bytes.Buffer
	cmd.Stdout = &out // its errors are not shown: nothing says that they hold no secret
	if cmd.Run() != nil {
		return nil, problem("", "its command failed")
	}
	var answer struct {
		ID      string `json:"access_key_id"`
		Secret  string `json:"access_key_secret"`
		Token   string `json:"sts_token"`
		Expires string `json:"expiration"`
	}
	if json.Unmarshal(out.Bytes(), &answer) != nil || answer.ID == "" || answer.Secret == "" {
		return nil, problem("", "its command printed no key")
	}
	c.ends = time.Now().Add(externalLife)
	if t, err := time.Parse(time.RFC3339, answer.Expires); err == nil {
		c.ends = t
	}
	c.key = &providers.Credentials{AccessKeyId: answer.ID, AccessKeySecret: answer.Secret, SecurityToken: answer.Token}
	return c.key, nil
}

// splitCommand splits at spaces outside quotes. No shell is involved.
func splitCommand(s string) []string {
	var args []string
	var word strings.Builder
	quote, inside := rune(0), false
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, inside = r, true
		case quote == 0 && unicode.IsSpace(r):
			if inside {
				args = append(args, word.String())
				word.Reset()
			}
			inside = false
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	if inside {
		args = append(args, word.String())
	}
	return args
}
