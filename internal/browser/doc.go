// Package browser holds the tests that need a module of their own, so that the
// product's go.mod stays as short as it is: real Chromium on the report's page,
// and the CloudEvents SDK's own HTTP client as a sender of events. They talk to
// the built function over HTTP only (see internal/cmd/pagestack).
//
// The browser tests are skipped where there is no Chromium, and those of the print
// where there is no pdftotext; they fail there if TEST_BROWSER is "required".
// TEST_LONG=1 adds the matrix of widths, languages, colours and sizes of
// accounts, and TEST_SHOTS names a directory for pictures.
package browser
