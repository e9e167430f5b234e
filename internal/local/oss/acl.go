package oss

import (
	"encoding/xml"
	"net/http"
	"slices"
)

var (
	bucketACLs = []string{"private", "public-read", "public-read-write"}
	objectACLs = append([]string{"default"}, bucketACLs...)
)

type aclXML struct {
	XMLName xml.Name `xml:"AccessControlPolicy"`
	Owner   ownerXML
	Grant   string `xml:"AccessControlList>Grant"`
}

func invalidACL(value string) *failure {
	return invalidArgument("no such bucket access control exists", "").with("ArgumentName", "x-oss-acl").with("ArgumentValue", value)
}

// getBucketACL is also how clients ask whether a bucket exists.
func getBucketACL(_ *Server, _ *call, b *bucketState) (answer, *failure) {
	return document(aclXML{Owner: ownerXML{b.Owner, b.Owner}, Grant: b.ACL}), nil
}

func putBucketACL(_ *Server, c *call, b *bucketState) (answer, *failure) {
	acl := c.http.Header.Get("x-oss-acl")
	if !slices.Contains(bucketACLs, acl) {
		return answer{}, invalidACL(acl)
	}
	b.ACL = acl
	return answer{status: http.StatusOK}, nil
}

func getObjectACL(_ *Server, c *call, b *bucketState) (answer, *failure) {
	o, f := b.object(c)
	if f != nil {
		return answer{}, f
	}
	return document(aclXML{Owner: ownerXML{b.Owner, b.Owner}, Grant: o.acl}), nil
}

func putObjectACL(_ *Server, c *call, b *bucketState) (answer, *failure) {
	o, f := b.object(c)
	if f != nil {
		return answer{}, f
	}
	acl, f := c.objectACL()
	if f != nil {
		return answer{}, f
	}
	o.acl = acl
	return answer{status: http.StatusOK}, nil
}

// objectACL reads the header of an upload; none means the bucket's.
func (c *call) objectACL() (string, *failure) {
	acl := c.http.Header.Get("x-oss-object-acl")
	if acl == "" {
		return "default", nil
	}
	if !slices.Contains(objectACLs, acl) {
		return "", invalidArgument("no such object access control exists", "").with("ArgumentName", "x-oss-object-acl").with("ArgumentValue", acl)
	}
	return acl, nil
}
