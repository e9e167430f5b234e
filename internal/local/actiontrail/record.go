package actiontrail

import (
	"cmp"
	"encoding/json"
	"maps"
	"strings"
	"time"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/wire"
)

// Console is the User-Agent of the console's calls, which no access key signed.
const Console = "aliyun-oss-console"

// recorded are the operations on a bucket that are events, and those of them that
// write. Calls on objects are not: they are data events.
var recorded = map[string]bool{
	"PutBucket": true, "DeleteBucket": true, "PutBucketEncryption": true, "DeleteBucketEncryption": true,
	"PutBucketAcl": true, "PutBucketTags": true, "DeleteBucketTags": true,
	"GetBucketEncryption": false, "GetBucketInfo": false, "GetBucketAcl": false, "GetBucketTags": false, "GetBucketLocation": false,
}

// Add enters a call of the local OSS and returns its record, as it is on the event
// bus too; nil for any other call.
func (s *Server) Add(r localoss.Request) map[string]any {
	write, ok := recorded[r.Operation]
	if !ok || r.Bucket == "" || r.Status == 0 {
		return nil
	}
	key, _ := s.keys.Find(r.AccessKeyID)
	region, account := r.Region, cmp.Or(key.AccountID, s.opts.AccountID)
	if s.opts.BucketOf != nil {
		if at, owner, ok := s.opts.BucketOf(r.Bucket); ok {
			region, account = at, owner
		}
	}
	region = cmp.Or(region, s.opts.Region)
	s.mu.Lock()
	defer s.mu.Unlock()
	members := s.record(r, region, write)
	members["userIdentity"], members["recipientAccountId"] = identity(key, r.UserAgent, cmp.Or(key.AccountID, s.opts.AccountID)), account
	s.insert(entry{account: account, region: region, time: r.Time, bucket: r.Bucket, members: members})
	return maps.Clone(members)
}

// AddRecord enters a record as it stands, for what no call of the local OSS makes. The
// record's own acsRegion, recipientAccountId and eventTime say where it is found.
func (s *Server) AddRecord(members map[string]any) {
	text := func(name string) string { v, _ := members[name].(string); return v }
	at, err := time.Parse(time.RFC3339, text("eventTime"))
	if err != nil {
		at = s.now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.insert(entry{account: cmp.Or(text("recipientAccountId"), s.opts.AccountID), region: cmp.Or(text("acsRegion"), s.opts.Region), time: at, bucket: text("resourceName"), members: members})
}

// Record returns the record of the call with this request ID, whether it can be asked
// for yet or not; nil if there is none.
func (s *Server) Record(requestID string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.records) - 1; i >= 0; i-- {
		if s.records[i].text("eventId") == requestID {
			return maps.Clone(s.records[i].members)
		}
	}
	return nil
}

// insert needs the lock.
func (s *Server) insert(e entry) {
	s.last++
	e.number, e.time = s.last, e.time.UTC().Truncate(time.Second)
	if len(s.records) == maxRecords {
		s.records = s.records[1:]
	}
	s.records = append(s.records, e)
}

// record is the documented shape. It needs the lock.
func (s *Server) record(r localoss.Request, region string, write bool) map[string]any {
	members := map[string]any{
		"eventId": r.RequestID, "requestId": r.RequestID, "eventVersion": 1, "eventType": "ApiCall", "eventCategory": "Management",
		"eventName": r.Operation, "eventRW": "Read", "serviceName": "Oss", "acsRegion": region, "apiVersion": "2019-05-17", "isGlobal": false,
		"eventSource": r.Bucket + ".oss-" + region + ".aliyuncs.com", "eventTime": r.Time.UTC().Format(timeForm),
		"sourceIpAddress": "198.51.100.7", "userAgent": r.UserAgent,
	}
	if write {
		members["eventRW"] = "Write"
	}
	if r.UserAgent == Console {
		members["eventType"] = "ConsoleOperation"
	}
	if r.Status/100 != 2 {
		members["errorCode"], members["errorMessage"] = cmp.Or(r.Code, "InternalError"), "The call failed."
	}
	if !s.shape.Nameless {
		members["referencedResources"] = map[string]any{"ACS::OSS::Bucket": []any{r.Bucket}}
		members["resourceType"], members["resourceName"] = "ACS::OSS::Bucket", r.Bucket
	}
	if s.shape.Rule && r.Rule != (localoss.Rule{}) {
		members["requestParameters"] = map[string]any{"bucketName": r.Bucket, "ServerSideEncryptionRule": ruleMembers(r.Rule)}
	}
	return members
}

func ruleMembers(r localoss.Rule) map[string]any {
	rule := map[string]any{"SSEAlgorithm": r.Algorithm}
	if r.KMSKeyID != "" {
		rule["KMSMasterKeyID"] = r.KMSKeyID
	}
	if r.KMSDataEncryption != "" {
		rule["KMSDataEncryption"] = r.KMSDataEncryption
	}
	return map[string]any{"ApplyServerSideEncryptionByDefault": rule}
}

// identity is who an access key is. A call that no key signed is the console's, of the
// account itself.
func identity(key wire.AccessKey, userAgent, account string) map[string]any {
	who := map[string]any{"type": "root-account", "userName": "root", "principalId": account, "accountId": account}
	role, session, assumed := strings.Cut(key.Name, "/")
	switch {
	case assumed:
		who["type"], who["userName"], who["principalId"] = "assumed-role", role+":"+session, "300000000000000001:"+session
	case key.Name != "":
		who["type"], who["userName"], who["principalId"] = "ram-user", key.Name, "200000000000000001"
	}
	if key.AccessKeyID != "" && userAgent != Console {
		who["accessKeyId"] = key.AccessKeyID
	}
	return who
}

// text is a member as a query compares it.
func (e entry) text(name string) string {
	s, _ := e.members[name].(string)
	return s
}

// names reports whether the record names a resource.
func (e entry) names(resource string) bool {
	if e.text("resourceName") == resource {
		return true
	}
	raw, _ := json.Marshal(e.members["referencedResources"])
	var types map[string][]string
	_ = json.Unmarshal(raw, &types)
	for _, names := range types {
		for _, name := range names {
			if name == resource {
				return true
			}
		}
	}
	return false
}
