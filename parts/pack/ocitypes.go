package pack

import (
	"bytes"
	"time"

	"github.com/klauspost/compress/gzip"
)

// The forms of the JSON files of an image (image-spec 1.1).
type (
	imageIndex struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []descriptor `json:"manifests"`
	}
	imageManifest struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}
	descriptor struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Size        int64             `json:"size"`
		Annotations map[string]string `json:"annotations,omitempty"`
		Platform    *platform         `json:"platform,omitempty"`
	}
	platform struct {
		Architecture string `json:"architecture"`
		OS           string `json:"os"`
	}
	imageConfig struct {
		Created      time.Time `json:"created"`
		Architecture string    `json:"architecture"`
		OS           string    `json:"os"`
		Config       struct {
			Env        []string
			Entrypoint []string          `json:",omitempty"`
			Labels     map[string]string `json:",omitempty"`
		} `json:"config"`
		RootFS  rootFS         `json:"rootfs"`
		History []imageHistory `json:"history"`
	}
	rootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	}
	imageHistory struct {
		Created   time.Time `json:"created"`
		CreatedBy string    `json:"created_by"`
	}
)

// gzipped packs data by gzip, without name and time.
func gzipped(data []byte, level Level) ([]byte, error) {
	const most = 9
	var b bytes.Buffer
	b.Grow(len(data) / 2)
	w, err := gzip.NewWriterLevel(&b, min(max(int(level), 1), most))
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
