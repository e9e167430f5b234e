// Package setupcheck checks the files of docs/setup without an account: it
// evaluates the Terraform module with the values of variables, and compares every
// block with the provider's own schema (testdata/alicloud-1.289.json: names,
// types, what is required, computed or deprecated, taken from the provider's
// source). It does not run Terraform and knows nothing of what the provider does.
//
// It is a module of its own, so that the parser of HCL is not a dependency of the
// function.
package setupcheck
