package oss

import "encoding/xml"

type statXML struct {
	XMLName                     xml.Name `xml:"BucketStat"`
	Storage                     int64
	ObjectCount                 int
	MultipartUploadCount        int
	LiveChannelCount            int
	LastModifiedTime            int64
	StandardStorage             int64
	StandardObjectCount         int
	InfrequentAccessStorage     int64
	InfrequentAccessRealStorage int64
	InfrequentAccessObjectCount int
	ArchiveStorage              int64
	ArchiveRealStorage          int64
	ArchiveObjectCount          int
	ColdArchiveStorage          int64
	ColdArchiveRealStorage      int64
	ColdArchiveObjectCount      int
	DeepColdArchiveStorage      int64
	DeepColdArchiveRealStorage  int64
	DeepColdArchiveObjectCount  int
	MultipartPartCount          int
	DeleteMarkerCount           int
}

// getStat counts at once what the service counts once an hour.
func getStat(s *Server, _ *call, b *bucketState) (answer, *failure) {
	doc := statXML{LastModifiedTime: s.opts.Now().Unix(), MultipartUploadCount: len(b.uploads)}
	for _, o := range b.objects {
		doc.add(o)
	}
	for _, u := range b.uploads {
		doc.MultipartPartCount += len(u.parts)
	}
	return document(doc), nil
}

func (d *statXML) add(o *object) {
	size := int64(len(o.body))
	d.Storage += size
	d.ObjectCount++
	switch o.class {
	case "IA":
		d.InfrequentAccessStorage += size
		d.InfrequentAccessRealStorage += size
		d.InfrequentAccessObjectCount++
	case "Archive":
		d.ArchiveStorage += size
		d.ArchiveRealStorage += size
		d.ArchiveObjectCount++
	case "ColdArchive":
		d.ColdArchiveStorage += size
		d.ColdArchiveRealStorage += size
		d.ColdArchiveObjectCount++
	case "DeepColdArchive":
		d.DeepColdArchiveStorage += size
		d.DeepColdArchiveRealStorage += size
		d.DeepColdArchiveObjectCount++
	default:
		d.StandardStorage += size
		d.StandardObjectCount++
	}
}

type versioningXML struct {
	XMLName xml.Name `xml:"VersioningConfiguration"`
	Status  string   `xml:",omitempty"`
}

// getVersioning answers a bucket that never had versions: this server keeps none.
func getVersioning(*Server, *call, *bucketState) (answer, *failure) {
	return document(versioningXML{}), nil
}
