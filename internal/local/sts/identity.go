package sts

import (
	"strings"

	localrpc "bucketwarden/internal/local/rpc"
)

// getCallerIdentity says whose access key signed: the account's own, a user's, or
// the session of a role.
func (s *Server) getCallerIdentity(c *localrpc.Call) (map[string]any, *localrpc.Failure) {
	account, name := c.AccountID, c.Key.Name
	identity := map[string]any{"AccountId": account}
	fill := func(kind, arn, principal string) {
		identity["IdentityType"], identity["Arn"], identity["PrincipalId"] = kind, "acs:ram::"+account+":"+arn, principal
		identity["UserId"] = principal
	}
	_, session, assumed := strings.Cut(name, "/")
	switch {
	case assumed:
		fill("AssumedRoleUser", "assumed-role/"+name, roleID(account)+":"+session)
		identity["RoleId"] = roleID(account)
	case name != "":
		fill("RAMUser", "user/"+name, "2"+account[:min(len(account), 17)])
	default:
		fill("Account", "root", account)
	}
	return identity, nil
}
